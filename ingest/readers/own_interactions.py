"""The interactions of the user's own data: columns, times, reviews, repeated pairs and the positive rule."""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ingest.keys import are_known
from ingest.readers.dataset_toml import DatasetFile, FileSection, Interactions, Reviews
from ingest.table_files import Rows
from spikegraph.errors import DataError
from spikegraph.logs import get_logger

log = get_logger(__name__)

COMPARISONS = {">=": operator.ge, "<=": operator.le, "==": operator.eq, ">": operator.gt, "<": operator.lt}

ReadRows = Callable[[FileSection], Rows]


@dataclass(frozen=True, eq=False)
class OwnInteractions:
    """The pairs, one row each, and where they stand in their file."""

    frame: pd.DataFrame
    rows: Rows
    section: Interactions

    def check_ends(self, users: pd.Series[str], items: pd.Series[str]) -> None:
        """Refuse a pair whose user or item no table has."""
        self.rows.refuse(~are_known(self.frame["user"], users), self.section.user, "is not a user")
        self.rows.refuse(~are_known(self.frame["item"], items), self.section.item, "is not an item")

    def positives(self) -> pd.DataFrame:
        """Give the pairs that the rule makes positive."""
        if self.section.positive is None:
            return self.frame
        column, comparison, number = self.section.rule()
        values = self.frame[column]
        self.rows.refuse(values.isna().to_numpy(), str(getattr(self.section, column)), "is empty; the rule needs it")
        kept: pd.DataFrame = self.frame[COMPARISONS[comparison](values, number)].reset_index(drop=True)
        log.info("positive interactions", rule=self.section.positive, kept=len(kept), of=len(self.frame))
        if kept.empty:
            raise DataError(f"no row passes the rule '{self.section.positive}'", where=self.rows.name)
        return kept


def read_interactions(config: DatasetFile, read: ReadRows) -> OwnInteractions:
    """Read the interactions, with their reviews; repeated pairs are refused or merged as the file says."""
    section = config.interactions
    rows = read(section)
    frame = pd.DataFrame(
        {
            "user": f"{config.users.namespace}/" + rows.identifiers(section.user),
            "item": f"{config.items.namespace}/" + rows.identifiers(section.item),
        }
    )
    if section.rating is not None:
        frame["rating"] = rows.numbers(section.rating)
    if section.count is not None:
        frame["count"] = rows.whole_numbers(section.count, at_least=1)
    if section.at is not None:
        frame["at"] = times(rows, section.at, section.at_format)
    if section.split is not None:
        frame["split"] = rows.text(section.split, required=True)
        rows.refuse(~frame["split"].isin(["train", "valid", "test"]).to_numpy(), section.split, "is no split")
    if section.review is not None:
        frame["review"] = _or_missing(rows.text(section.review))
    own = _merge_repeated(OwnInteractions(frame, rows, section))
    return _with_reviews(own, config.reviews, config, read) if config.reviews else own


def times(rows: Rows, column: str, form: str | None) -> pd.Series[int]:
    """Read times as seconds since 1970 (UTC): numbers of seconds, ISO 8601, or the given `strptime` form."""
    text = rows.text(column)
    filled = text != ""
    if form is None and text[filled].str.fullmatch(r"-?[0-9]+(\.[0-9]+)?").all():
        numbers = rows.numbers(column, required=False)
        rows.refuse((numbers.abs() > 1e11).to_numpy(), column, "is not a time in seconds (milliseconds perhaps)")
        return numbers.floordiv(1).astype("Int64")
    parsed = pd.to_datetime(text.where(filled), format=form or "ISO8601", errors="coerce", utc=True)
    rows.refuse((filled & parsed.isna()).to_numpy(), column, f"is not a time ({form or 'seconds or ISO 8601'})")
    seconds = (parsed - pd.Timestamp(0, tz="UTC")) // pd.Timedelta(seconds=1)
    return seconds.astype("Int64")


def _merge_repeated(own: OwnInteractions) -> OwnInteractions:
    """Make one row a pair: refuse, keep the first or last (by time where there is time), or count the rows."""
    frame, how = own.frame, own.section.duplicates
    repeated = frame.duplicated(["user", "item"]).to_numpy()
    if how == "refuse" and repeated.any():
        row = int(np.argmax(repeated))
        pair = f"{frame['user'][row]}, {frame['item'][row]}"
        raise DataError(
            f"the pair {pair} is in an earlier row too",
            where=own.rows.where(row),
            hint="interactions.duplicates = 'first', 'last' or 'count' in dataset.toml merges repeated pairs",
        )
    if "split" in frame and repeated.any():
        _refuse_two_splits(own)
    if how == "count":
        frame = frame.assign(count=frame.groupby(["user", "item"])["item"].transform("size").astype("Int64"))
    by_time = frame.sort_values("at", kind="stable", na_position="first") if "at" in frame else frame
    kept = by_time.drop_duplicates(["user", "item"], keep="first" if how == "first" else "last").sort_index()
    return OwnInteractions(kept.reset_index(drop=True), own.rows.take(kept.index.to_numpy()), own.section)


def _refuse_two_splits(own: OwnInteractions) -> None:
    first = own.frame.groupby(["user", "item"])["split"].transform("first")
    own.rows.refuse(
        (first != own.frame["split"]).to_numpy(), str(own.section.split), "is another split of the same pair"
    )


def _with_reviews(
    own: OwnInteractions, section: Reviews | None, config: DatasetFile, read: ReadRows
) -> OwnInteractions:
    if section is None:
        return own
    rows = read(section)
    keys = pd.MultiIndex.from_arrays(
        [
            f"{config.users.namespace}/" + rows.identifiers(section.user),
            f"{config.items.namespace}/" + rows.identifiers(section.item),
        ]
    )
    rows.refuse(keys.duplicated(), section.item, "has a review of this user in an earlier row too")
    place = pd.MultiIndex.from_frame(own.frame[["user", "item"]]).get_indexer(keys)
    rows.refuse(place < 0, section.item, "is no interaction of this user")
    review = pd.Series(pd.NA, index=own.frame.index, dtype="str")
    review.iloc[place] = rows.text(section.review, required=True).to_numpy()
    return OwnInteractions(own.frame.assign(review=review), own.rows, own.section)


def _or_missing(text: pd.Series[str]) -> pd.Series[str]:
    return text.where(text != "", None)
