"""S3, inclusive finance: enterprises, the taxes they pay by month, whom they insure; a few tower above the rest."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sample_data.generators import subjects
from sample_data.generators.files import write_csv, write_parquet

ROWS = 2_400
MONTHS = 12
INDUSTRIES = ("制造业", "批发和零售业", "信息技术服务业", "建筑业", "住宿和餐饮业", "交通运输业", "农业", "采矿业")
SHARES = (0.26, 0.27, 0.16, 0.11, 0.1, 0.07, 0.0275, 0.0025)
DISTRICTS = ("上城区", "拱墅区", "西湖区", "滨江区", "萧山区", "余杭区", "富阳区", "淳安县")
DISTRICT_SHARES = (0.15, 0.15, 0.16, 0.12, 0.2, 0.16, 0.05, 0.01)
WORDS = ("宏达", "云启", "百川", "锦程", "华茂", "远大", "新禾", "汇丰源", "天工", "海纳", "瑞丰", "启明")
TRADES = ("科技", "贸易", "机械", "建材", "餐饮", "物流", "农业", "信息")


def generate(folder: Path, rows: int = ROWS, seed: int = 77) -> None:
    """Write ent_base.csv with `rows` enterprises, tax_month.parquet, social_ins.parquet, enterprise/applicant.csv."""
    rng = np.random.default_rng(seed)
    (folder / "enterprise").mkdir(parents=True, exist_ok=True)
    codes = np.array(subjects.credit_codes(rng, rows))
    industry = rng.choice(len(INDUSTRIES), size=rows, p=SHARES)
    size = rng.lognormal(11.6, 1.25, rows)
    size[np.unique(industry, return_index=True)[1]] *= 250.0
    write_csv(_base(rng, codes, industry), folder / "ent_base.csv")
    write_parquet(_tax(rng, codes, size), folder / "tax_month.parquet")
    write_parquet(_insured(rng, codes, size), folder / "social_ins.parquet")
    write_csv(_applicants(rng, codes), folder / "enterprise" / "applicant.csv")


def _base(rng: np.random.Generator, codes: subjects.Strings, industry: NDArray[np.int64]) -> dict[str, object]:
    rows = codes.size
    words, trades = rng.choice(WORDS, size=rows), rng.choice(TRADES, size=rows)
    founded = np.datetime64("1995-01-01") + rng.integers(0, 10900, rows).astype("timedelta64[D]")
    return {
        "uscc": codes,
        "name": [f"示例{w}{t}{n:04d}有限公司" for n, (w, t) in enumerate(zip(words, trades, strict=True))],
        "industry": np.array(INDUSTRIES)[industry],
        "district": rng.choice(DISTRICTS, size=rows, p=DISTRICT_SHARES),
        "founded": founded,
        "capital_wan": np.round(rng.lognormal(5, 1.1, rows), -1).astype(np.int64) + 10,
        "status": rng.choice(("存续", "注销", "吊销"), size=rows, p=(0.93, 0.055, 0.015)),
    }


def _months(count: int) -> NDArray[np.datetime64]:
    months = np.datetime64("2025-01") + np.arange(MONTHS).astype("timedelta64[M]")
    return np.tile(months.astype("datetime64[D]"), count)


def _tax(rng: np.random.Generator, codes: subjects.Strings, size: NDArray[np.float64]) -> dict[str, object]:
    """Sales and tax of each month; some months are not declared, some are zero."""
    sales = np.repeat(size, MONTHS) * rng.lognormal(0, 0.3, size.size * MONTHS)
    sales = np.where(rng.random(sales.size) < 0.06, 0, np.round(sales, -2))
    declared = rng.random(sales.size) > 0.03
    vat = np.round(sales * rng.choice((0.01, 0.03, 0.06, 0.13), size=sales.size), 0)
    late = rng.random(sales.size) < 0.04
    return {
        "uscc": np.repeat(codes, MONTHS)[declared],
        "month": _months(codes.size)[declared],
        "sales_cny": sales[declared].astype(np.int64),
        "vat_cny": vat[declared].astype(np.int64),
        "paid_late": late[declared],
    }


def _insured(rng: np.random.Generator, codes: subjects.Strings, size: NDArray[np.float64]) -> dict[str, object]:
    """People insured and the wage base, each quarter."""
    quarters = 4
    people = np.repeat((size / 9000).clip(1, None), quarters) * rng.normal(1, 0.05, size.size * quarters)
    starts = np.datetime64("2025-01") + (np.arange(quarters) * 3).astype("timedelta64[M]")
    arrears = rng.random(people.size) < 0.03
    return {
        "uscc": np.repeat(codes, quarters),
        "month": np.tile(starts.astype("datetime64[D]"), codes.size),
        "insured": np.ceil(people.clip(1, None)).astype(np.int32),
        "wage_base_cny": (np.round(rng.normal(7400, 1300, people.size), -2).clip(4462, 24930)).astype(np.int32),
        "arrears_months": np.where(arrears, rng.integers(1, 7, people.size), 0).astype(np.int16),
    }


def _applicants(rng: np.random.Generator, codes: subjects.Strings) -> dict[str, object]:
    """Firms that asked the bank for a loan: nine of ten gave a consent, of which some have ended."""
    count = codes.size // 8
    asked = rng.choice(codes, size=count, replace=False)
    given = np.datetime64("2025-01-05") + rng.integers(0, 330, count).astype("timedelta64[D]")
    consent = rng.random(count) < 0.9
    return {
        "applicant_no": [f"A{n:05d}" for n in range(1, count + 1)],
        "uscc": asked,
        "amount_wan": rng.choice((30, 50, 100, 200, 300, 500), size=count).astype(np.int32),
        "consent_from": np.where(consent, given, np.datetime64("NaT")),
        "consent_to": np.where(consent, given + np.timedelta64(180, "D"), np.datetime64("NaT")),
    }
