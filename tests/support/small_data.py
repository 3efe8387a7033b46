"""Small data sets in the layouts of the readers, to be damaged by tests."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np

OWN_DATA = Path(__file__).resolve().parents[2] / "docs" / "examples" / "own-data"


def write_files(folder: Path, files: dict[str, str]) -> Path:
    """Write text files, their folders as needed."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="")
    return folder


def kgat(folder: Path, *, lists: bool = True, vectors: bool = True) -> Path:
    """Four users, five items (0-4), three other entities (5-7), two relations."""
    write_files(
        folder,
        {
            "train.txt": "0 0 1 2\n1 1 3\n2 0 4\n3\n",
            "test.txt": "0 3\n1 0\n2 1\n3 2\n",
            "kg_final.txt": "0 0 5\n1 0 5\n2 1 6\n3 1 6\n4 0 7\n5 1 7\n",
        },
    )
    if lists:
        write_files(
            folder,
            {
                "user_list.txt": "org_id remap_id\nA1 0\nB2 1\nC3 2\nD4 3\n",
                "item_list.txt": "org_id remap_id freebase_id\ni0 0 m.0\ni1 1 m.1\ni2 2 m.2\ni3 3 m.3\ni4 4 m.4\n",
                "entity_list.txt": "org_id remap_id\nm.0 0\nm.1 1\nm.2 2\nm.3 3\nm.4 4\nm.5 5\na b 6\nm.7 7\n",
                "relation_list.txt": "org_id remap_id\nhttp://rdf.freebase.com/ns/book.book.genre 0\nby 1\n",
            },
        )
    if vectors:
        for kind, ids in (("user", range(4)), ("item", range(5)), ("entity", range(5, 8))):
            save_vectors(folder, kind, list(ids))
    return folder


def save_vectors(folder: Path, kind: str, ids: list[int], width: int = 3) -> None:
    """Write `KIND_embeddings.npz` as SPiKE has it; the vector of id i is i, i + 1, …"""
    matrix = np.array(ids, dtype=np.float32)[:, None] + np.arange(width, dtype=np.float32)
    np.savez(folder / f"{kind}_embeddings.npz", ids=np.array(ids), embeddings=matrix)


def lastfm(folder: Path) -> Path:
    """Three users, four artists (two of one resource), a few facts and tags, all profiles."""
    resource = "http://dbpedia.org/resource/"
    edges = {
        "associatedBand": [("Queen", "Smile_(band)"), ("David_Bowie", "Queen"), ("Elsewhere", "Nobody")],
        "associatedMusicalArtist": [("Queen", "Smile_(band)"), ("David_Bowie", "Queen")],
        "bandMember": [("Queen", "Brian_May"), ("Queen", "Queen")],
        "formerBandMember": [("Queen", "John_Deacon")],
        "birthPlace": [("David_Bowie", "London")],
        "hometown": [("Queen", "London")],
        "genre": [("Queen", "Rock_music"), ("David_Bowie", "Rock_music"), ("Owen_Pallett", "Baroque_pop")],
        "instrument": [("David_Bowie", "Saxophone")],
        "occupation": [("David_Bowie", "Singer/songwriter")],
        "recordLabel": [("Queen", "EMI")],
    }
    files = {
        f"dbpedia-triples/dbo:{prop}.edgelist": "".join(f"{resource}{h} {resource}{t}\n" for h, t in pairs)
        for prop, pairs in edges.items()
    }
    artists = {51: "Queen", 52: "David Bowie", 53: "Owen Pallett", 54: "Final Fantasy"}
    uris = {51: "Queen", 52: "David_Bowie", 53: "Owen_Pallett", 54: "Owen_Pallett"}
    files |= {
        "colakg/train.txt": "0 0 1\n1 1 2\n2 3\n",
        "colakg/test.txt": "0 2\n1 0\n",
        "colakg/user_map.txt": "2 0\n3 1\n7 2\n",
        "colakg/item_map.txt": "51 0\n52 1\n53 2\n54 3\n",
        "colakg/llm_response_item.json": json.dumps({str(i): f"Artist text {i}" for i in range(4)}, indent=1),
        "colakg/llm_response_user.json": json.dumps({str(i): f"Listener text {i}" for i in range(3)}, indent=1),
        "hetrec2011/artists.dat": "id\tname\turl\tpictureURL\n"
        + "".join(f"{i}\t{name}\thttp://last.fm/{i}\t\n" for i, name in artists.items()),
        "hetrec2011/tags.dat": "tagID\ttagValue\n1\trock\n2\tbrit\n",
        "hetrec2011/user_friends.dat": "userID\tfriendID\n2\t7\n7\t2\n3\t2\n2\t3\n7\t99\n99\t7\n",
        "dbpedia-mapping/MappingLastfm2DBpedia-1.2.tsv": "".join(
            f"{i}\t{artists[i]}\t{resource}{uri}\n" for i, uri in uris.items()
        ),
        "minilm-text/lfm2k_text.tsv": "artistID\ttext\n51\trock,brit\n52\trock,brit\n53\trock\n54\trock\n",
    }
    return write_files(folder, files)


def movielens_1m(folder: Path) -> Path:
    """Three users, four films (one without facts but its year), all profiles, a film that is no item."""
    header = "MovieID,Title,Year,production_countries,genres,original_language,overview,director,writer,actors"
    films = [
        '1,Toy Story (1995),1995,United States of America,Animation|Comedy,English,"Toys, alive.",John Lasseter,,'
        "Tom Hanks|Tim Allen",
        "2,Cold Fever (Á köldum klaka) (1994),1994,Iceland|Japan,Comedy,,No overview found.,Friðrik Þór,Friðrik Þór,",
        "3,Jumanji (1995),1995,United States of America,Family,English,A game.,Joe Johnston ,,Robin  Williams",
        "4,Lost (1919),1919,,,,,,,",
        "9,No item (2000),2000,Chad,War,Sara,Somewhere.,Nobody,Nobody,Nobody",
    ]
    files = {
        "gear-rec/train.txt": "0 0 1\n1 1 2\n2 3\n",
        "gear-rec/test.txt": "0 2\n1 0\n",
        "gear-rec/user_map.txt": "1 0\n5 1\n6 2\n",
        "gear-rec/item_map.txt": "3 0\n1 1\n2 2\n4 3\n",
        "gear-rec/llm_response_item.json": json.dumps({str(i): f"Film text {i}" for i in range(4)}, indent=1),
        "gear-rec/llm_response_user.json": json.dumps({str(i): f"Viewer text {i}" for i in range(3)}, indent=1),
        "gear-rec/ml1m_extended_movie.csv": "\n".join([header, *films]) + "\n",
    }
    return write_files(folder, files)


def own(folder: Path) -> Path:
    """The example of docs/your-own-data.md."""
    shutil.copytree(OWN_DATA, folder, dirs_exist_ok=True)
    return folder
