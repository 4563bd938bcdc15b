"""What is an authorization? The grant in force for one scenario, and the closed lists of purposes and products."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from app.domain.values import Bilingual

DEFAULT_TERM_MONTHS = 24
MAX_TERM_MONTHS = 60
"""Our own default and ceiling; the national ceiling is five years."""

PURPOSES: dict[str, Bilingual] = {
    "statistics": Bilingual(zh="统计分析：形成汇总结果", en="statistics: summaries of many subjects"),
    "public_service": Bilingual(zh="公共服务：改进面向公众的服务", en="public service: a better service to the public"),
    "emergency": Bilingual(zh="应急管理：预防和处置突发事件", en="emergency: preventing and handling incidents"),
    "risk_control": Bilingual(
        zh="风险防控：经主体同意的核验与评估", en="risk control: checks that the subject consented to"
    ),
    "planning": Bilingual(zh="规划决策：设施与资源布局", en="planning: where facilities and resources should be"),
    "research": Bilingual(zh="科学研究：方法与规律", en="research: methods and regularities"),
    "product_development": Bilingual(
        zh="产品研发：开发数据产品与模型", en="product development: data products and models"
    ),
}
"""What an operator may want data for (使用目的): a closed list with definitions."""

PRODUCTS: dict[str, Bilingual] = {
    "model": Bilingual(zh="模型", en="model"),
    "verification": Bilingual(zh="核验", en="verification"),
    "report": Bilingual(zh="报告", en="report"),
    "statistics": Bilingual(zh="统计", en="statistics"),
}
"""Kinds of product that may leave (数据产品)."""


@dataclass(frozen=True, kw_only=True)
class Authorization:
    """What one operator may do for one scenario, from when until when.

    `uses` are (data set, field, use); the field "*" stands for every field of the data set, the use "aggregate:*" for
    every aggregate. `enterprise_tables` are the tables that the operator brings; `regions`, as the data name them, what
    row rules may bound rows by. Built by the stage `authorization`.
    """

    id: str
    operator: str
    scenario: str
    purpose: str
    products: tuple[str, ...]
    uses: tuple[tuple[str, str, str], ...]
    enterprise_tables: tuple[str, ...]
    recipients: tuple[str, ...]
    regions: tuple[str, ...]
    state: str
    valid_from: datetime | None
    valid_until: datetime | None

    @property
    def product(self) -> str | None:
        """The one kind of product that may leave; None when there are several."""
        return self.products[0] if len(self.products) == 1 else None
