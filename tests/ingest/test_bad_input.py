"""Bad input is refused with file, line and reason (exit code 3), whichever reader meets it; see docs/data-sets.md."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from ingest.readers import READERS, read
from spikegraph.errors import DataError, UsageError
from tests.support import small_data
from tests.support.small_data import save_vectors

MAKE: dict[str, Callable[[Path], Path]] = {
    "kgat": small_data.kgat,
    "lastfm": small_data.lastfm,
    "movielens-1m": small_data.movielens_1m,
    "tables": small_data.own,
}

KGAT_TEXTS = ["train.txt", "test.txt", "kg_final.txt"]
KGAT_LISTS = ["user_list.txt", "item_list.txt", "entity_list.txt", "relation_list.txt"]
LASTFM_TEXTS = [
    "colakg/train.txt",
    "colakg/test.txt",
    "colakg/user_map.txt",
    "colakg/item_map.txt",
    "colakg/llm_response_item.json",
    "colakg/llm_response_user.json",
    "hetrec2011/artists.dat",
    "dbpedia-mapping/MappingLastfm2DBpedia-1.2.tsv",
    "dbpedia-triples/dbo:associatedBand.edgelist",
    "dbpedia-triples/dbo:genre.edgelist",
    "minilm-text/lfm2k_text.tsv",
]
LATIN_1 = "hetrec2011/tags.dat"  # has every byte, so none is broken
MOVIELENS_TEXTS = [
    "gear-rec/train.txt",
    "gear-rec/test.txt",
    "gear-rec/user_map.txt",
    "gear-rec/item_map.txt",
    "gear-rec/llm_response_item.json",
    "gear-rec/llm_response_user.json",
    "gear-rec/ml1m_extended_movie.csv",
]
OWN_TEXTS = ["dataset.toml", "members.csv", "books.csv", "authors.csv", "facts.csv", "loans.csv", "reviews.csv"]

NEEDED = (
    [("kgat", name) for name in KGAT_TEXTS]
    + [("lastfm", name) for name in [*LASTFM_TEXTS, LATIN_1]]
    + [("movielens-1m", name) for name in MOVIELENS_TEXTS]
    + [("tables", name) for name in OWN_TEXTS]
)
ALL_TEXTS = NEEDED + [("kgat", name) for name in KGAT_LISTS]


def refused(reader: str, folder: Path) -> DataError:
    with pytest.raises(DataError) as caught:
        read(reader, folder)
    assert caught.value.exit_code == 3
    assert caught.value.where
    assert str(folder) not in str(caught.value)
    return caught.value


@pytest.fixture(scope="module")
def undamaged(tmp_path_factory):
    return {reader: read(reader, make(tmp_path_factory.mktemp(reader))) for reader, make in MAKE.items()}


@pytest.mark.parametrize("reader", sorted(MAKE))
def test_the_data_is_good_before_it_is_damaged(tmp_path, reader):
    assert len(read(reader, MAKE[reader](tmp_path)).interactions) > 0


# --- what every text file can suffer ---------------------------------------------------------------


@pytest.mark.parametrize(("reader", "name"), NEEDED)
def test_a_missing_file(tmp_path, reader, name):
    folder = MAKE[reader](tmp_path)
    (folder / name).unlink()
    error = refused(reader, folder)
    assert error.where == name
    assert "missing" in error.message


@pytest.mark.parametrize("content", [b"", b" \n\r\n", b"\xef\xbb\xbf"], ids=["nothing", "blank", "only-a-mark"])
@pytest.mark.parametrize(("reader", "name"), ALL_TEXTS)
def test_an_empty_file(tmp_path, reader, name, content):
    folder = MAKE[reader](tmp_path)
    (folder / name).write_bytes(content)
    error = refused(reader, folder)
    assert error.where == name
    assert "empty" in error.message


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-32-be"])
@pytest.mark.parametrize(("reader", "name"), ALL_TEXTS)
def test_utf_16(tmp_path, reader, name, encoding):
    folder = MAKE[reader](tmp_path)
    text = (folder / name).read_text(encoding="utf-8")
    (folder / name).write_bytes(text.encode(encoding))
    error = refused(reader, folder)
    assert error.where in (name, f"{name}:1")
    assert "UTF-16" in error.message


@pytest.mark.parametrize(("reader", "name"), ALL_TEXTS)
def test_a_binary_file(tmp_path, reader, name):
    folder = MAKE[reader](tmp_path)
    (folder / name).write_bytes(b"PAR1\x15\x04" + bytes(range(1, 256)) * 8 + b"\x00" + bytes(range(1, 256)) * 8)
    error = refused(reader, folder)
    assert error.where.rpartition(":")[0] == name
    assert "binary" in error.message


@pytest.mark.parametrize(("reader", "name"), [file for file in ALL_TEXTS if file[1] != LATIN_1])
def test_broken_utf_8(tmp_path, reader, name):
    folder = MAKE[reader](tmp_path)
    lines = (folder / name).read_bytes().split(b"\n")
    lines[1] += b"\xc3("
    (folder / name).write_bytes(b"\n".join(lines))
    error = refused(reader, folder)
    assert error.where == f"{name}:2"
    assert "0xc3 is not UTF-8" in error.message


@pytest.mark.parametrize("damage", ["mark", "crlf", "no-newline"])
@pytest.mark.parametrize(("reader", "name"), ALL_TEXTS)
def test_marks_and_line_ends_are_taken_as_they_come(tmp_path, undamaged, reader, name, damage):
    expected = undamaged[reader]
    folder = MAKE[reader](tmp_path / "other")
    data = (folder / name).read_bytes()
    data = {"mark": b"\xef\xbb\xbf" + data, "crlf": data.replace(b"\n", b"\r\n"), "no-newline": data.rstrip(b"\n")}[
        damage
    ]
    (folder / name).write_bytes(data)
    given = read(reader, folder)
    for table in ("users", "entities", "triples", "relations", "interactions", "texts", "profiles"):
        assert getattr(given, table).equals(getattr(expected, table)), table


def test_a_folder_in_the_place_of_a_file(tmp_path):
    folder = small_data.kgat(tmp_path)
    (folder / "train.txt").unlink()
    (folder / "train.txt").mkdir()
    assert refused("kgat", folder).where == "train.txt"


def test_no_such_folder_source_or_option(tmp_path):
    with pytest.raises(DataError):
        read("kgat", tmp_path / "nowhere")
    with pytest.raises(UsageError):
        read("movielens", tmp_path)
    with pytest.raises(UsageError):
        read("kgat")
    with pytest.raises(UsageError, match="interactions, knowledge"):
        read("kgat", small_data.kgat(tmp_path), {"interaction": "test.txt"})
    assert set(READERS) == {"demo", *MAKE}


# --- what each file can say wrong ------------------------------------------------------------------

HUGE = "99999999999999999999999999"

LINES = [
    # reader, file, line (from 1), what stands there instead, a part of the reason
    ("kgat", "train.txt", 2, "1 one 3", "'one' is not a whole number"),
    ("kgat", "train.txt", 2, "1 1.5", "'1.5' is not a whole number"),
    ("kgat", "train.txt", 2, "1 -3", "-3 is negative"),
    ("kgat", "train.txt", 2, "-1 3", "-1 is negative"),
    ("kgat", "train.txt", 2, f"1 {HUGE}", "absurdly large"),
    ("kgat", "train.txt", 2, "1 4294967296", "absurdly large"),
    ("kgat", "train.txt", 2, "1 2147483647", "absurdly large"),
    ("kgat", "train.txt", 2, "1 9", "not in item_list.txt"),
    ("kgat", "train.txt", 2, "9 1", "not in user_list.txt"),
    ("kgat", "test.txt", 1, "0 3 2", "train.txt too"),
    ("kgat", "kg_final.txt", 3, "2 1", "2 fields, not 3"),
    ("kgat", "kg_final.txt", 3, "2 1 6 6", "4 fields, not 3"),
    ("kgat", "kg_final.txt", 3, "2 x 6", "'x' is not a whole number"),
    ("kgat", "kg_final.txt", 3, "2 1 -6", "negative"),
    ("kgat", "kg_final.txt", 3, "2 1 8589934592", "absurdly large"),
    ("kgat", "kg_final.txt", 3, "2 1 77", "entity 77 is not in entity_list.txt"),
    ("kgat", "kg_final.txt", 3, "2 5 6", "not in relation_list.txt"),
    ("kgat", "user_list.txt", 3, "B2", "1 fields, not 2"),
    ("kgat", "user_list.txt", 3, "B2 two", "not a number"),
    ("kgat", "user_list.txt", 3, "B2 0", "there twice"),
    ("kgat", "item_list.txt", 4, "i2 2", "2 fields, not 3"),
    ("kgat", "item_list.txt", 4, "i2 -2 m.2", "not a number"),
    ("kgat", "entity_list.txt", 4, f"m.2 {HUGE}", "absurdly large"),
    ("kgat", "entity_list.txt", 1, "org_id", "not a list of lines"),
    ("kgat", "relation_list.txt", 1, "org_id remap_id freebase_id name", "not a list of lines"),
    ("lastfm", "colakg/train.txt", 1, "0 0 eins", "'eins' is not a whole number"),
    ("lastfm", "colakg/train.txt", 1, "0 -1", "negative"),
    ("lastfm", "colakg/train.txt", 1, f"0 {HUGE}", "absurdly large"),
    ("lastfm", "colakg/train.txt", 3, "2 4", "not in colakg/item_map.txt"),
    ("lastfm", "colakg/train.txt", 3, "3 1", "not in colakg/user_map.txt"),
    ("lastfm", "colakg/test.txt", 1, "0 2 1", "train.txt too"),
    ("lastfm", "colakg/item_map.txt", 2, "52", "1 fields, not 2"),
    ("lastfm", "colakg/item_map.txt", 2, "51 1", "original id 51 is there twice"),
    ("lastfm", "colakg/user_map.txt", 3, "7 1", "mapped id 1 is there twice"),
    ("lastfm", "colakg/user_map.txt", 3, "-7 2", "negative"),
    ("lastfm", "colakg/llm_response_item.json", 2, '"0": "a" "b",', "not JSON"),
    ("lastfm", "hetrec2011/artists.dat", 3, "52\tDavid Bowie", "2 fields, not 4"),
    ("lastfm", "dbpedia-triples/dbo:genre.edgelist", 2, "http://dbpedia.org/resource/Queen", "1 fields, not 2"),
    ("lastfm", "dbpedia-triples/dbo:genre.edgelist", 2, "a b c", "3 fields, not 2"),
    ("lastfm", "dbpedia-mapping/MappingLastfm2DBpedia-1.2.tsv", 2, "51\tQueen\turi", "51 is there twice"),
    ("lastfm", "minilm-text/lfm2k_text.tsv", 3, "52\trock,unheard", "'unheard' is not in hetrec2011/tags.dat"),
    ("lastfm", "hetrec2011/tags.dat", 2, "1", "1 fields, not 2"),
    ("movielens-1m", "gear-rec/train.txt", 3, "2 4", "not in gear-rec/item_map.txt"),
    ("movielens-1m", "gear-rec/test.txt", 1, "0 2 1", "train.txt too"),
    ("movielens-1m", "gear-rec/user_map.txt", 3, "6 2 3", "3 fields, not 2"),
    ("movielens-1m", "gear-rec/ml1m_extended_movie.csv", 3, "2,Lost (1919),1919", "3 cells, not 10"),
    ("movielens-1m", "gear-rec/ml1m_extended_movie.csv", 3, "1,Again (1994),1994,,,,,,,", "'1' is there twice"),
    ("movielens-1m", "gear-rec/ml1m_extended_movie.csv", 3, "2,,1994,,,,,,,", "is empty"),
    ("movielens-1m", "gear-rec/ml1m_extended_movie.csv", 1, "MovieID,Title,Year,a,b,c,d,e,f,g", "no column 'genres'"),
    ("tables", "loans.csv", 4, "1,b04,4", "3 cells, not 4"),
    ("tables", "loans.csv", 4, "1,b04,4,2024-03-24,", "5 cells, not 4"),
    ("tables", "loans.csv", 4, "1,b01,4,2024-03-24", "earlier row"),
    ("tables", "loans.csv", 4, "1,b99,4,2024-03-24", "'b99' is not an item"),
    ("tables", "loans.csv", 4, "99,b04,4,2024-03-24", "'99' is not a user"),
    ("tables", "loans.csv", 4, ",b04,4,2024-03-24", "is empty"),
    ("tables", "loans.csv", 4, "1,b04,four,2024-03-24", "'four' is not a finite number"),
    ("tables", "loans.csv", 4, "1,b04,nan,2024-03-24", "'nan' is not a finite number"),
    ("tables", "loans.csv", 4, "1,b04,inf,2024-03-24", "'inf' is not a finite number"),
    ("tables", "loans.csv", 4, "1,b04,,2024-03-24", "is empty"),
    ("tables", "loans.csv", 4, "1,b04,4,24.3.2024", "'24.3.2024' is not a time"),
    ("tables", "loans.csv", 4, "1,b04,4,2024-02-30", "is not a time"),
    ("tables", "loans.csv", 4, '1,"b04"x,4,2024-03-24', "not CSV"),
    ("tables", "loans.csv", 4, '1,"b\n04",4,2024-03-24', "control character"),
    ("tables", "loans.csv", 1, "member,book,stars,date", "no column 'returned'"),
    ("tables", "loans.csv", 1, "member,book,stars,stars", "'stars' is there twice"),
    ("tables", "loans.csv", 1, "member,book,stars,", "has no name"),
    ("tables", "members.csv", 3, "1,Bela,2021", "'1' is the id of an earlier row"),
    ("tables", "members.csv", 3, ",Bela,2021", "is empty"),
    ("tables", "members.csv", 3, "x" * 501 + ",Bela,2021", "longer than 500"),
    ("tables", "books.csv", 3, "b01,Emma,1815,austen,love,x", "earlier row"),
    ("tables", "books.csv", 3, "b02,Emma,1815,nobody,love,x", "'author/nobody' is not an item or entity"),
    ("tables", "facts.csv", 3, "nobody,born in,England", "is not an item or entity"),
    ("tables", "facts.csv", 3, "shelley,,England", "is empty"),
    ("tables", "facts.csv", 3, "shelley,born in", "2 cells, not 3"),
    ("tables", "reviews.csv", 3, "3,b01,Never borrowed.", "no interaction of this user"),
    ("tables", "reviews.csv", 3, "1,b01,Again.", "earlier row"),
]


@pytest.mark.parametrize(("reader", "name", "line", "text", "reason"), LINES)
def test_a_bad_line(tmp_path, reader, name, line, text, reason):
    folder = MAKE[reader](tmp_path)
    lines = (folder / name).read_text(encoding="utf-8").split("\n")
    lines[line - 1] = text
    (folder / name).write_text("\n".join(lines), encoding="utf-8", newline="")
    error = refused(reader, folder)
    assert error.where == f"{name}:{line}"
    assert reason in error.message


def test_the_line_is_right_behind_cells_with_newlines(tmp_path):
    folder = small_data.own(tmp_path)
    path = folder / "books.csv"
    text = path.read_text(encoding="utf-8").replace("misjudge each other", "misjudge\neach\nother")
    path.write_text(text.replace("b04,", "b03,"), encoding="utf-8")
    assert refused("tables", folder).where == "books.csv:7"


def test_a_huge_id_costs_no_memory(tmp_path):
    folder = small_data.kgat(tmp_path, lists=False, vectors=False)
    for text in ("1 2147483646", "1 " + "9" * 1_000_000):
        (folder / "train.txt").write_text(f"0 0 1 2\n{text}\n", encoding="utf-8")
        tracemalloc.start()
        try:
            error = refused("kgat", folder)
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        assert error.where == "train.txt:2"
        assert "absurdly large" in error.message
        assert peak < 64 * 1024**2


def test_a_huge_entity_id_is_one_node_and_costs_no_memory(tmp_path):
    folder = small_data.kgat(tmp_path, lists=False, vectors=False)
    with (folder / "kg_final.txt").open("a", encoding="utf-8") as file:
        file.write("0 0 2147483647\n")
    entities = read("kgat", folder).entities
    assert entities["key"].tolist()[-1] == "entity/2147483647"
    assert len(entities) == 9


# --- embeddings ------------------------------------------------------------------------------------


class Harmful:
    def __reduce__(self) -> tuple[Callable[[str], None], tuple[str]]:
        return (print, ("a pickle was loaded",))


def _vectors(ids: object, embeddings: object) -> Callable[[Path], None]:
    return lambda folder: np.savez(
        folder / "item_embeddings.npz", ids=np.asarray(ids), embeddings=np.asarray(embeddings)
    )


FLOATS = np.ones((5, 3), dtype=np.float32)
WITH_NAN = FLOATS.copy()
WITH_NAN[2, 1] = np.nan
VECTORS = {
    "one row too few": (_vectors(range(4), FLOATS[:4]), "item 4 has no row"),
    "one row too many": (lambda folder: save_vectors(folder, "item", list(range(6))), "id 5 is no item"),
    "fewer rows than ids": (_vectors(range(5), FLOATS[:4]), "5 ids do not fit"),
    "an id twice": (_vectors([0, 1, 2, 3, 3], FLOATS), "twice"),
    "a negative id": (_vectors([-1, 0, 1, 2, 3, 4], np.ones((6, 3), dtype=np.float32)), "id -1 is no item"),
    "NaN": (_vectors(range(5), WITH_NAN), "id 2 is not finite"),
    "infinite": (_vectors(range(5), FLOATS * np.float32(np.inf)), "not finite"),
    "beyond float32": (_vectors(range(5), np.full((5, 3), 1e300)), "not finite"),
    "another width": (lambda folder: save_vectors(folder, "item", list(range(5)), width=4), "differ in width"),
    "ids that are words": (_vectors(list("abcde"), FLOATS), "whole numbers"),
    "ids that are fractions": (_vectors([0, 1, 2, 3, 3.5], FLOATS), "whole numbers"),
    "embeddings that are words": (_vectors(range(5), np.full((5, 3), "x")), "whole numbers and embeddings floats"),
    "flat embeddings": (_vectors(range(5), FLOATS[:, 0]), "do not fit"),
    "pickled": (_vectors(range(5), np.array([[Harmful()]] * 5, dtype=object)), "pickle"),
    "no such array": (lambda folder: np.savez(folder / "item_embeddings.npz", ids=np.arange(5)), "must be there"),
    "no npz": (lambda folder: (folder / "item_embeddings.npz").write_bytes(b"not a zip"), "not an .npz"),
    "an npy": (lambda folder: np.save((folder / "item_embeddings.npz").open("wb"), FLOATS), "not an .npz"),
    "empty": (lambda folder: (folder / "item_embeddings.npz").write_bytes(b""), "not an .npz"),
    "missing": (lambda folder: (folder / "item_embeddings.npz").unlink(), "missing"),
}


@pytest.mark.parametrize("damage", VECTORS)
def test_bad_embeddings(tmp_path, capsys, damage):
    folder = small_data.kgat(tmp_path)
    spoil, reason = VECTORS[damage]
    spoil(folder)
    error = refused("kgat", folder)
    assert reason in error.message
    if damage != "another width":
        assert error.where.startswith("item_embeddings.npz")
    assert "a pickle was loaded" not in capsys.readouterr().out


# --- what is handled, as documented ----------------------------------------------------------------


def test_an_item_that_a_line_repeats_counts_once(tmp_path):
    folder = small_data.kgat(tmp_path)
    (folder / "train.txt").write_text("0 0 1 2 1 1\n1 1 3\n2 0 4\n0 2\n3\n", encoding="utf-8")
    assert read("kgat", folder).interactions.equals(read("kgat", small_data.kgat(tmp_path / "good")).interactions)


def test_repeated_triples_and_self_loops_go(tmp_path):
    for reader, name, line in (
        ("kgat", "kg_final.txt", "0 0 5\n5 0 5\n"),
        ("tables", "facts.csv", "austen,born in,England\n"),
    ):
        folder = MAKE[reader](tmp_path / reader)
        expected = read(reader, folder).triples
        with (folder / name).open("a", encoding="utf-8") as file:
            file.write(line)
        assert read(reader, folder).triples.equals(expected)


def test_a_self_loop_in_own_data_goes(tmp_path):
    folder = small_data.own(tmp_path)
    toml = (folder / "dataset.toml").read_text(encoding="utf-8")
    loops = '\n[[triples]]\nfile = "loops.csv"\nhead = "a"\nhead_namespace = "book"\nrelation = "SEQUEL_OF"\n'
    (folder / "dataset.toml").write_text(toml + loops + 'tail = "b"\ntail_namespace = "book"\n', encoding="utf-8")
    (folder / "loops.csv").write_text("a,b\nb01,b01\nb02,b01\n", encoding="utf-8")
    triples = read("tables", folder).triples
    assert triples[triples["relation"] == "SEQUEL_OF"].to_numpy().tolist() == [["book/b02", "SEQUEL_OF", "book/b01"]]


def test_a_gap_in_the_ids_makes_no_node(tmp_path):
    folder = small_data.kgat(tmp_path, lists=False, vectors=False)
    (folder / "train.txt").write_text("0 0 1\n7 1 9\n", encoding="utf-8")
    (folder / "test.txt").write_text("0 9\n", encoding="utf-8")
    tables = read("kgat", folder)
    assert tables.users["key"].tolist() == ["user/0", "user/7"]
    items = tables.entities.loc[tables.entities["is_item"], "key"].tolist()
    assert items == [f"entity/{number}" for number in (0, 1, 2, 3, 4, 5, 6, 7, 9)]  # 8 is nowhere


def test_items_that_never_occur_and_users_without_train_items_stay(tmp_path):
    tables = read("kgat", small_data.kgat(tmp_path))
    seen = set(tables.interactions["item"])
    (tmp_path / "item_list.txt").write_text(
        "org_id remap_id freebase_id\n" + "".join(f"i{i} {i} m.{i}\n" for i in range(6)), encoding="utf-8"
    )
    for kind, ids in (("item", range(6)), ("entity", range(6, 8))):
        save_vectors(tmp_path, kind, list(ids))
    tables = read("kgat", tmp_path)
    assert "entity/5" in set(tables.entities.loc[tables.entities["is_item"], "key"]) - seen
    trained = set(tables.interactions.loc[tables.interactions["split"] == "train", "user"])
    assert "user/3" in set(tables.users["key"]) - trained


def test_keys_with_odd_characters(tmp_path):
    folder = small_data.own(tmp_path)
    for name in ("books.csv", "loans.csv", "reviews.csv"):
        path = folder / name
        path.write_text(path.read_text(encoding="utf-8").replace("b01", '"a/b ""c"" \'d\' é\\ $x`"'), encoding="utf-8")
    tables = read("tables", folder)
    assert tables.entities["key"][0] == "book/a/b \"c\" 'd' é\\ $x`"
    assert (tables.interactions["item"] == tables.entities["key"][0]).any()


@pytest.mark.parametrize("reader", sorted(MAKE))
def test_random_damage_is_refused_or_read_but_never_another_error(tmp_path, reader):
    folder = MAKE[reader](tmp_path)
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    draw = np.random.default_rng(0)
    pieces = [b"-", b"9" * 12, b'"', b"\n", b"\r", b",", b" ", b"\t", b"\x00", b"\xff", b"|", b"nan", b"{"]
    places = []
    for _ in range(30):
        path = files[draw.integers(len(files))]
        good = path.read_bytes()
        cut, other = draw.integers(len(good) + 1), draw.integers(1, 9)
        piece = pieces[draw.integers(len(pieces))]
        path.write_bytes(
            [good[:cut] + piece + good[cut:], good[:cut] + good[cut + other :], good[:cut]][draw.integers(3)]
        )
        try:
            read(reader, folder)
        except (DataError, UsageError) as error:
            places.append(error.where)
        path.write_bytes(good)
    assert len(places) > 10
    assert all(places)
