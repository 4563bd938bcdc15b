"""Which groups does a data set belong to, and which classes a field? What the policy's rules speak about."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from app.domain.values import Dataset, DatasetKind, Field
from app.policy.rules import ANY

_NONE: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True)
class Members:
    """Immutable memberships: thing → the groups it is in. There are no chains: one step is the whole way."""

    groups: Mapping[str, frozenset[str]]

    def has_link(self, name: str, group: str) -> bool:
        """Whether `name` is in `group`."""
        return group in self.groups.get(name, _NONE)


def key(dataset: str, field: str) -> str:
    """How a field is called in requests: no two fields share a key, and none is called like a class."""
    return f"{dataset}/name:{field}"


def dataset_groups(dataset: Dataset) -> frozenset[str]:
    """The groups of a data set: its provider and its kind."""
    return frozenset({f"provider:{dataset.provider}", f"kind:{dataset.kind}"})


def themes(dataset: Dataset) -> frozenset[str]:
    """What a data set is about, by its code class/item/topic/sequence: its item, and its topic; none of own data."""
    if dataset.kind is DatasetKind.ENTERPRISE:
        return _NONE
    topic = dataset.code.rpartition("/")[0]
    return frozenset({f"theme:{topic}", f"theme:{topic.rpartition('/')[0]}"})


def field_classes(dataset: Dataset, field: Field | None) -> frozenset[str]:
    """The classes of a field; None stands for the rows as such (`count(*)`).

    A field of the operator's own data has no level and no protected subject, but an identifier in it is one all the
    same: its references come from the shared registry and would tell who is in the public data.
    """
    own = dataset.kind is DatasetKind.ENTERPRISE
    found = {"enterprise" if own else "in:units" if dataset.units else "in:rows"}
    found |= themes(dataset)
    if field is None:
        return frozenset(found)
    found.add(f"name:{field.name}")
    if not own:
        found.add(f"level:{field.level}")
    if field.identifier is not None:
        found.add("identifier")
    if field.mask is not None:
        found |= {"masked", f"masked:{field.mask.kind}"}
    return frozenset(found)


def memberships(datasets: Iterable[Dataset]) -> tuple[Members, Members]:
    """Groups of data sets and classes of fields (`g` and `g2` of the model)."""
    groups: dict[str, frozenset[str]] = {}
    classes: dict[str, frozenset[str]] = {}
    for dataset in datasets:
        groups[dataset.name] = dataset_groups(dataset)
        classes[key(dataset.name, ANY)] = field_classes(dataset, None)
        for field in dataset.fields:
            classes[key(dataset.name, field.name)] = field_classes(dataset, field)
    return Members(groups=MappingProxyType(groups)), Members(groups=MappingProxyType(classes))
