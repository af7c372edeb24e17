"""The forty languages the product is wired for, as plain data: settings read it before Django is set up."""

SOURCE = "en"
RIGHT_TO_LEFT = frozenset({"ar", "fa", "he", "ur"})

# Code, English name, own name; the families of the menu one after the other.
NAMES: tuple[tuple[str, str, str], ...] = (
    ("en", "English", "English"), ("es", "Spanish", "Español"), ("ur", "Urdu", "اردو"),
    ("de", "German", "Deutsch"), ("fr", "French", "Français"), ("pt", "Portuguese", "Português"), ("it", "Italian", "Italiano"),
    ("nl", "Dutch", "Nederlands"), ("sv", "Swedish", "Svenska"), ("nb", "Norwegian", "Norsk bokmål"), ("da", "Danish", "Dansk"),
    ("fi", "Finnish", "Suomi"), ("pl", "Polish", "Polski"), ("cs", "Czech", "Čeština"), ("sk", "Slovak", "Slovenčina"),
    ("hu", "Hungarian", "Magyar"), ("ro", "Romanian", "Română"), ("bg", "Bulgarian", "Български"), ("el", "Greek", "Ελληνικά"),
    ("ru", "Russian", "Русский"), ("uk", "Ukrainian", "Українська"), ("tr", "Turkish", "Türkçe"),
    ("ar", "Arabic", "العربية"), ("he", "Hebrew", "עברית"), ("fa", "Persian", "فارسی"),
    ("hi", "Hindi", "हिन्दी"), ("bn", "Bengali", "বাংলা"), ("ta", "Tamil", "தமிழ்"), ("te", "Telugu", "తెలుగు"),
    ("ml", "Malayalam", "മലയാളം"), ("pa", "Punjabi", "ਪੰਜਾਬੀ"), ("gu", "Gujarati", "ગુજરાતી"),
    ("zh-hans", "Simplified Chinese", "简体中文"), ("zh-hant", "Traditional Chinese", "繁體中文"), ("ja", "Japanese", "日本語"),
    ("ko", "Korean", "한국어"), ("vi", "Vietnamese", "Tiếng Việt"), ("id", "Indonesian", "Bahasa Indonesia"),
    ("ms", "Malay", "Bahasa Melayu"), ("th", "Thai", "ไทย"),
)  # fmt: skip

# For the setting LANGUAGES. The names are read by programs; people see a language's own name.
LANGUAGES = [(code, name) for code, name, _own in NAMES]

# Django brings no facts about these.
UNKNOWN_TO_DJANGO = {
    "gu": {"bidi": False, "code": "gu", "name": "Gujarati", "name_local": "ગુજરાતી"},
}
