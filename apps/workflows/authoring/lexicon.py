"""Words for the parts of a workflow in four languages: English, Spanish, French, Urdu. Plain data."""

import re

ANY_CASE = re.IGNORECASE
WEEKDAYS = {
    "monday lunes lundi پیر": 1, "tuesday martes mardi منگل": 2, "wednesday miércoles miercoles mercredi بدھ": 3,
    "thursday jueves jeudi جمعرات": 4, "friday viernes vendredi جمعہ": 5, "saturday sábado sabado samedi ہفتہ": 6,
    "sunday domingo dimanche اتوار": 0,
}  # fmt: skip
EVERY = re.compile(r"\b(?:every|each|on|cada|todos los|los|chaque|tous les|le)\b|ہر|بروز|کو", ANY_CASE)
EVERY_N = re.compile(
    r"(?:every|cada|toutes les|tous les|ہر)\s+(\d{1,3})\s*(minutes?|minutos?|منٹ|hours?|horas?|heures?|گھنٹے|گھنٹوں)",
    ANY_CASE,
)
HOURLY = re.compile(r"\b(?:every hour|hourly|cada hora|toutes les heures|chaque heure)\b|ہر گھنٹے", ANY_CASE)
DAILY = re.compile(
    r"\b(?:every day|daily|each (?:day|morning|evening)|every (?:morning|evening|night)|cada (?:día|dia|mañana|noche)"
    r"|todos los días|diariamente|chaque (?:jour|matin|soir)|tous les (?:jours|matins))\b|ہر روز|روزانہ|ہر صبح|ہر شام", ANY_CASE)  # fmt: skip
WEEKLY = re.compile(r"\b(?:weekly|(?:every|each) week|cada semana|semanalmente|chaque semaine)\b|ہر ہفتے", ANY_CASE)
MONTHLY = re.compile(
    r"\b(?:monthly|(?:every|each) month|cada mes|mensualmente|chaque mois)\b|ہر مہینے|ماہانہ", ANY_CASE
)
WORKDAYS = re.compile(
    r"\b(?:(?:every|each) (?:week|work(?:ing)? ?)day|on weekdays|días laborables|días hábiles|jours? ouvr\w+|en semaine)\b|ہر کام کے دن",
    ANY_CASE,
)
# Days as the last three fields of a cron line.
RHYTHMS = ((WORKDAYS, "* * 1-5"), (DAILY, "* * *"), (WEEKLY, "* * 1"), (MONTHLY, "1 * *"))
EVENING = re.compile(r"evening|night|noche|soir|شام|رات", ANY_CASE)
# Hours as people write them out, read as digits before anything else is looked for.
NUMBERS = {
    "one una une": 1, "two dos deux": 2, "three tres trois": 3, "four cuatro quatre": 4, "five cinco cinq": 5,
    "six seis": 6, "seven siete sept": 7, "eight ocho huit": 8, "nine nueve neuf": 9, "ten diez dix": 10,
    "eleven once onze": 11, "twelve doce douze noon midday mediodía mediodia midi": 12,
}  # fmt: skip
AT_WORD = re.compile(r"(\b(?:at|a las|a la|al|à)\s+)(\w+)", ANY_CASE)
AT = re.compile(
    r"(?:\bat|a las|à|بجے)\s*(\d{1,2})(?:[:h.](\d{2}))?\s*(am|pm)?|(\d{1,2})(?:[:.](\d{2}))?\s*بجے", ANY_CASE
)

TRIGGERS = {
    "email": re.compile(
        r"(?:when|whenever|once|if|for (?:each|every))\b[^.,;]{0,40}\b(?:e-?mails?|mails?)\b[^.,;]{0,20}(?:arriv|com|receiv|is sent)"
        r"|incoming (?:e-?)?mails?|cuando\b[^.,;]{0,20}(?:llega|reciba|recibo)[^.,;]{0,20}(?:correo|e-?mail)"
        r"|(?:quand|lorsqu)\S*\b[^.,;]{0,30}(?:e-?mail|courriel)[^.,;]{0,20}(?:arrive|reçu)|جب[^۔،]{0,20}ای ?میل[^۔،]{0,20}(?:آئے|موصول)", ANY_CASE),
    "webhook": re.compile(
        r"webhook|(?:when|whenever)\b[^.,;]{0,40}(?:form|order|payment)[^.,;]{0,20}(?:submit|fill|com|arriv|receiv|plac)"
        r"|cuando\b[^.,;]{0,30}(?:formulario|pedido)|(?:quand|lorsqu)\S*\b[^.,;]{0,30}(?:formulaire|commande)|ویب ?ہک|جب[^۔،]{0,20}(?:فارم|آرڈر)", ANY_CASE),
    "connector": re.compile(
        r"(?:when|whenever)\b[^.,;]{0,40}(?:row|record|notion)[^.,;]{0,25}(?:chang|tick|check|add|updat|edit)"
        r"|cuando\b[^.,;]{0,20}(?:cambi|marc|marq|añad)?[^.,;]{0,20}(?:fila|notion)|(?:quand|lorsqu)\S*\b[^.,;]{0,40}(?:ligne|notion)"
        r"|جب[^۔،]{0,25}(?:نوشن|قطار)", ANY_CASE),
}  # fmt: skip

ACTS = {
    "fetch": re.compile(r"\b(?:fetch|download|call the api|get (?:the )?(?:data|page|content)|read (?:the )?(?:page|site|feed)"
                        r"|descarg\w+|obt[eé]n\w*|llam\w+ a la api|télécharg\w+|récupér\w+)\b|https?://\S+|حاصل کر|ڈاؤن ?لوڈ", ANY_CASE),
    "summarise": re.compile(r"\b(?:summar\w+|digest|resum\w+|résum\w+|synthès\w+)\b|خلاصہ", ANY_CASE),
    "translate": re.compile(r"\b(?:translat\w+|traduc\w+|tradui\w+)\b|ترجمہ", ANY_CASE),
    "classify": re.compile(r"\b(?:classif\w+|categor\w+|sort (?:it|them) into|tag (?:it|them)|label|clasific\w+|etiquet\w+|class(?:er|ez|e)|catégori\w+|triage)\b"
                           r"|درجہ بندی|زمرہ", ANY_CASE),
    "extract": re.compile(r"\b(?:extract\w*|pull out|extra(?:er|e|iga)\w*|extrai\w+)\b|نکال", ANY_CASE),
    "write": re.compile(r"\b(?:draft|write|compose|prepare (?:a|an|the) (?:reply|answer|report|text)|reply to|redact\w+|escrib\w+|respond\w+|rédig\w+|écri\w+|répond\w+)\b"
                        r"|مسودہ|لکھ|جواب تیار", ANY_CASE),
    "check": re.compile(r"\b(?:check (?:the )?quality|quality check|proof-?read|revisa la calidad|control de calidad|contrôl\w+ la qualité|vérifi\w+ la qualité)\b"
                        r"|معیار (?:کی )?جانچ", ANY_CASE),
    "condition": re.compile(r"\b(?:if|only when|unless|si|solo cuando|sólo cuando|seulement si)\s+([^.,;]{3,80})|اگر\s+([^۔،]{3,80})", ANY_CASE),
    "approval": re.compile(r"\b(?:approv\w+|ask me|let me (?:check|confirm|decide)|confirm with me|after i (?:agree|say yes)|sign-?off|aprob\w+|apruebe|pregúntame"
                           r"|confirm\w+ conmigo|approuv\w+|approbation|valid(?:er|e|ation)|demande-moi)\b|منظوری|اجازت|مجھ سے پوچھ", ANY_CASE),
    "wait": re.compile(r"\b(?:wait|esper\w+|attend\w+)\s+(?:for\s+)?(\d{1,3})\s*(minutes?|minutos?|hours?|horas?|heures?|days?|d[ií]as?|jours?)"
                       r"|(\d{1,3})\s*(منٹ|گھنٹے|دن)\s*(?:انتظار|رک)", ANY_CASE),
    "loop": re.compile(r"\b(?:for each|for every|each of the|para cada|por cada|pour chaque)\b|ہر ایک", ANY_CASE),
    "slack": re.compile(r"\bslack\b|سلیک", ANY_CASE),
    "telegram": re.compile(r"\btelegram\b|ٹیلی ?گرام", ANY_CASE),
    "mail": re.compile(r"\b(?:send|mail|email|env[ií]\w*|manda\w*|envoi\w*|envoy\w+)\b[^.;۔]{0,40}(?:[\w.+-]+@[\w-]+\.[\w.]+)"
                       r"|\b(?:send|env[ií]\w*|manda\w*|envoi\w*|envoy\w+)\b[^.,;]{0,60}\b(?:e-?mail|mail|correo|courriel)\b|ای ?میل (?:بھیج|کر)", ANY_CASE),
    "notify": re.compile(r"\b(?:notify|tell|alert|inform|let (?:me|us) know|remind|avís\w+|avisa\w*|notif\w+|prévien\w+|préven\w+|email me|mail me)\b|مطلع|اطلاع|بتاؤ|بتائ", ANY_CASE),
    "notion": re.compile(r"\b(?:add|create|save|write|store|put|añad\w+|guarda\w*|crea\w*|ajout\w+|enregistr\w+)\b[^.;]{0,40}\bnotion\b|نوشن میں", ANY_CASE),
    "github": re.compile(r"\bgithub\b[^.;]{0,20}\bissue\b|\bissue\b[^.;]{0,20}\bgithub\b|گٹ ?ہب", ANY_CASE),
    "hubspot": re.compile(r"\bhubspot\b|ہب ?سپاٹ", ANY_CASE),
    "airtable": re.compile(r"\bairtable\b|ایئر ?ٹیبل", ANY_CASE),
    "drive": re.compile(r"\b(?:google )?drive\b|گوگل ڈرائیو", ANY_CASE),
    "task": re.compile(r"\b(?:create|add|open|make|crea\w*|abr\w+|ouvr\w+|cré\w+)\b[^.,;]{0,15}\b(?:a |an |una? |une )?(?:task|tarea|tâche)\b|ٹاسک بنا|کام بنا", ANY_CASE),
}  # fmt: skip
# Where one thing to do ends and the next begins.
CLAUSES = re.compile(
    r"[,;،؛]\s+|[.۔!?؟](?:\s+|$)|\s+(?:and then|and|then|y luego|luego|después|puis|et|y)\s+|\s+(?:پھر|اور)\s+",
    ANY_CASE,
)
ADDRESS = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
URL = re.compile(r"https?://[^\s,;\"'<>)]+")
CHANNEL = re.compile(r"#([\w-]{1,60})")
LISTED = re.compile(r"(?:as|into|by|:|como|en|por|comme|par)\s+([^.;۔]{3,120})", ANY_CASE)
PARTS = re.compile(r"\s*(?:,|;|/|،|\bor\b|\band\b|\bo\b|\by\b|\bou\b|\bet\b|\bیا\b|\bاور\b)\s*", ANY_CASE)
TARGET_LANGUAGE = re.compile(r"\b(?:to|into|al|en|vers|in)\s+(english|spanish|urdu|french|german|arabic|inglés|español|francés|alemán|árabe|anglais|espagnol|français|allemand|arabe)"
                             r"|(انگریزی|اردو|ہسپانوی|عربی)", ANY_CASE)  # fmt: skip
