"""One word per thing: what the product's nouns are called in the languages that are named complete.

A reader who meets two words takes them for two things. ``right`` and ``wrong`` are regular expressions for stems, looked
for in translations of texts that use the English term; a new synonym somebody slips in belongs into ``wrong``.
"""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Term:
    """A term of the product: how English texts are recognised, and per language the stems to use and to avoid."""

    english: str
    right: dict[str, str]
    wrong: dict[str, str]


def term(english: str, *, es: tuple[str, str], ur: tuple[str, str]) -> Term:
    """A term with (right, wrong) for Spanish and Urdu."""
    return Term(english=english, right={"es": es[0], "ur": ur[0]}, wrong={"es": es[1], "ur": ur[1]})


TERMS = {
    "account": term(r"\baccounts?\b", es=(r"\bcuenta", r"\bperfil"), ur=("اکاؤنٹ", r"\bکھات")),
    "approval": term(r"\bapprovals?\b", es=(r"\baprob|\baprueb", r"\bautorizaci|visto bueno"), ur=("منظور", "توثیق|اپروول")),
    "budget": term(r"\bbudgets?\b", es=(r"\bpresupuesto", r"\basignaci"), ur=("بجٹ", "میزانی")),
    "builder": term(r"\bbuilder\b", es=(r"\beditor", r"\bconstructor"), ur=("بلڈر", "ایڈیٹر|معمار")),
    "connection": term(r"\bconnections?\b", es=(r"\bconexi", r"\benlace|\bvínculo"), ur=("کنکشن", r"\bرابط|تعلق")),
    "database": term(r"\bdatabases?\b", es=(r"\bbases? de datos", r"\bBD\b"), ur=("ڈیٹابیس", "ڈیٹا بیس")),
    "delivery": term(r"\bdeliver(?:y|ies)\b", es=(r"\bentrega", r"\breparto|\bremesa"), ur=("ڈیلیوری", "ترسیل")),
    "draft": term(r"\bdrafts?\b", es=(r"\bborrador|\bredact", r"\bbosquej|\besboz"), ur=("مسود", "ڈرافٹ")),
    "inbox": term(r"\binbox\b", es=(r"\bbandeja", r"\bbuz[oó]n"), ur=("اِن باکس", r"\bان باکس")),
    "input": term(r"\binputs?\b", es=(r"\bentrada", r"\binsumo"), ur=("اِن پٹ", r"\bان پٹ|اندراج")),
    "integration": term(r"\bintegrations?\b", es=(r"\bintegraci", r"\bconector"), ur=("انٹیگریشن", "انضمام")),
    "loop": term(r"\bloops?\b", es=(r"\bbucle", r"\bciclo|\blazo"), ur=("لوپ", r"\bچکر (?:کو|کی|کا|کے)\b")),
    "member": term(r"\bmembers\b", es=(r"\bmiembro", r"\bintegrante"), ur=("ارکان|رکن", "اراکین|ممبر")),
    "plan": term(r"\bplans?\b", es=(r"\bplan", r"\btarifa"), ur=("پلان", "منصوب")),
    "product": term(r"\bproducts?\b", es=(r"\bproduct", r"\baplicaci[oó]n"), ur=("پروڈکٹ|مصنوعات", r"\bمصنوع\b")),
    "prompt": term(r"\bprompts?\b", es=(r"\bprompt", r"\binstrucci|\bindicaci"), ur=("پرامپٹ", r"\bہدای[تا]")),
    "publish": term(r"\b(?:re)?publish", es=(r"\bp[uú]bl[ií]", r"\bdifund|\bemit"), ur=("شائع", "اشاعت|پبلش")),
    "quality gate": term(r"\bquality gate\b", es=("control de calidad", r"\bpuerta|\bfiltro"), ur=("معیار کی جانچ", "درواز")),
    "replay": term(r"\breplay", es=(r"\brep[ei]t|\brepít", r"\breproduc|\breejec"), ur=("دہرا", "اعاد|ری پلے")),
    "retry": term(
        r"\bretr(?:y|ies|ied|ying)\b", es=(r"\breint", r"\bv(?:olver|uelv[ae]) a intentar"), ur=("دوبارہ", "ری ٹرائی|پھر سے کوشش")
    ),
    "rollback": term(r"\broll(?:ed|s|ing)?[ -]?backs?\b", es=(r"\bv[ou]elv|\bvuelt|\bvolv", r"\brev[ei]r[st]"), ur=("واپس", "رول بیک")),
    "run": term(r"\bruns?\b", es=(r"\bejecu", r"\bcorrida|\btirada"), ur=(r"\bرن(?:ز|وں)?\b|چل", r"\bعمل(?:وں)?\b")),
    "schedule": term(r"\bschedules?\b", es=(r"\bprogramaci", r"(?<!huso )\bhorario|\bcalendario"), ur=("شیڈول", "نظام الاوقات|جدول")),
    "secret": term(r"\bsecrets?\b", es=(r"\bsecret", r"\bconfidencial"), ur=(r"\bراز|خفیہ", "خفیہ اقدار|خفیہ قدر|سیکر")),
    "service": term(r"\bservices?\b", es=(r"\bservicio", r"\bprestaci"), ur=("سروس", r"\bخدم")),
    "sign-in": term(r"\bsign[- ]?in\b", es=(r"\binici[aoe]", r"\blog[ui]e|\bloguear"), ur=("سائن اِن", "سائن ان|لاگ")),
    "step": term(r"\bsteps?\b", es=(r"\bpaso", r"\betapa"), ur=("مرحل|مراحل", r"\bقدم|\bاقدام")),
    "task": term(r"\btasks?\b", es=(r"\btarea", r"\blabor\b|\bencargo"), ur=(r"\bکام", "ٹاسک")),
    "template": term(r"\btemplates?\b", es=(r"\bplantilla", r"\bmolde|\bmachote"), ur=("سانچ", "ٹیمپلیٹ")),
    "trigger": term(r"\btriggers?\b", es=(r"\bdisparador", r"\bdesencaden|\bactivador|\bgatillo"), ur=("ٹرگر", "محرک")),
    "version": term(r"\bversions?\b", es=(r"\bversi[oó]n", r"\bedici[oó]n|\bvigente"), ur=("نسخ", "ورژن")),
    "webhook": term(r"\bwebhooks?\b", es=(r"\bwebhook", r"\bgancho"), ur=("ویب ہک", "ویب ہُک|ویب ھک")),
    "workflow": term(r"\bworkflows?\b", es=(r"\bflujo|\bsubflujo", r"\bworkflow"), ur=("ورک فلو", "کام کا بہاؤ|ورک‌فلو")),
    "workspace": term(r"\bworkspaces?\b", es=(r"\bespacio", r"\bárea de trabajo|\bentorno de trabajo"), ur=("ورک اسپیس", "ورک سپیس|کام کی جگہ")),
}  # fmt: skip
"""Left out on purpose: verbs (a text that runs from right to left), and words that are no term here (score, worker)."""
