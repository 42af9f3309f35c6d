"""The house themes, and how any other Textual theme is made to fit.

A palette is the one place with colour values; style sheets and widgets know only the names of roles.
"""

import msgspec
from textual.color import Color
from textual.theme import BUILTIN_THEMES, Theme

_PREFIX = "nixtui-"
DARK, LIGHT, CONTRAST, PLAIN = "nixtui-dark", "nixtui-light", "nixtui-contrast", "nixtui-plain"


class Palette(msgspec.Struct, frozen=True):
    """Colours by role, and text styles where colour is not to be had. Fields become the variables `$paint-…`."""

    background: str
    text: str
    strong: str
    muted: str
    faint: str
    accent: str
    good: str
    warn: str
    bad: str
    violet: str
    badge_text: str
    cursor: str
    cursor_far: str
    border: str
    border_focus: str
    log_1: str
    log_2: str
    log_3: str
    log_4: str
    log_5: str
    log_6: str
    head_style: str = "none"
    muted_style: str = "none"
    faint_style: str = "none"
    cursor_style: str = "none"

    def variables(self) -> dict[str, str]:
        """As CSS variables."""
        return {f"paint-{name.replace('_', '-')}": value for name, value in msgspec.structs.asdict(self).items()}


# The accent is the light blue of the Nix snowflake. Grey text keeps a contrast of at least 4.5 on its ground.
_DARK = Palette(
    background="#11151a",
    text="#c3cad2",
    strong="#eef2f6",
    muted="#909aa6",
    faint="#717c88",
    accent="#7ebae4",
    good="#8cc08a",
    warn="#e3b35f",
    bad="#f47c7c",
    violet="#c4a5ee",
    badge_text="#11151a",
    cursor="#213246",
    cursor_far="#1a2129",
    border="#2d3640",
    border_focus="#4d7391",
    log_1="#7ebae4",
    log_2="#b5c878",
    log_3="#d6a8e8",
    log_4="#e0b48a",
    log_5="#74c7b8",
    log_6="#a9b4f0",
)
_LIGHT = Palette(
    background="#fbfaf8",
    text="#2b3138",
    strong="#0c1015",
    muted="#5a646e",
    faint="#6d7780",
    accent="#1c6cae",
    good="#2a7a38",
    warn="#8f5a00",
    bad="#bd2430",
    violet="#6c3fc0",
    badge_text="#ffffff",
    cursor="#d8e8f6",
    cursor_far="#ebeef1",
    border="#ccd2d8",
    border_focus="#6fa2ca",
    log_1="#1c6cae",
    log_2="#5a6b12",
    log_3="#84409c",
    log_4="#935a1c",
    log_5="#0f7568",
    log_6="#4a55b8",
)
_CONTRAST = Palette(
    background="#000000",
    text="#ffffff",
    strong="#ffffff",
    muted="#d6d6d6",
    faint="#bcbcbc",
    accent="#66ccff",
    good="#66ff7a",
    warn="#ffd633",
    bad="#ff8080",
    violet="#e5b3ff",
    badge_text="#000000",
    cursor="#003d80",
    cursor_far="#2b2b2b",
    border="#949494",
    border_focus="#ffffff",
    log_1="#66ccff",
    log_2="#d8f060",
    log_3="#f0a0ff",
    log_4="#ffc080",
    log_5="#60f0d8",
    log_6="#b0b8ff",
    head_style="bold",
)
_PLAIN = Palette(
    background="ansi_default",
    text="ansi_default",
    strong="ansi_default",
    muted="ansi_default",
    faint="ansi_default",
    accent="ansi_blue",
    good="ansi_green",
    warn="ansi_yellow",
    bad="ansi_red",
    violet="ansi_magenta",
    badge_text="ansi_black",
    cursor="ansi_default",
    cursor_far="ansi_default",
    border="ansi_bright_black",
    border_focus="ansi_blue",
    log_1="ansi_blue",
    log_2="ansi_green",
    log_3="ansi_magenta",
    log_4="ansi_cyan",
    log_5="ansi_bright_blue",
    log_6="ansi_bright_magenta",
    head_style="dim",
    muted_style="dim",
    faint_style="dim",
    cursor_style="reverse",
)


def _theme(name: str, palette: Palette, *, dark: bool = True, ansi: bool = False) -> Theme:
    return Theme(
        name=name,
        primary=palette.accent,
        secondary=palette.violet,
        accent=palette.accent,
        warning=palette.warn,
        error=palette.bad,
        success=palette.good,
        foreground=palette.text,
        background=palette.background,
        surface=palette.background,
        panel=palette.background,
        dark=dark,
        ansi=ansi,
        variables={
            **palette.variables(),
            "border": palette.border_focus,
            "border-blurred": palette.border,
            "scrollbar": palette.border,
            "scrollbar-hover": palette.border_focus,
            "scrollbar-active": palette.border_focus,
            "scrollbar-background": palette.background,
            "scrollbar-background-hover": palette.background,
            "scrollbar-background-active": palette.background,
            "scrollbar-corner-color": palette.background,
            "input-cursor-background": palette.accent,
            "input-cursor-foreground": palette.badge_text,
            "ansi-background": "ansi_black",
            "ansi-foreground": "ansi_white",
        },
    )


def themes() -> tuple[Theme, ...]:
    """The house themes; the first is the one to start with."""
    return (
        _theme(DARK, _DARK),
        _theme(LIGHT, _LIGHT, dark=False),
        _theme(CONTRAST, _CONTRAST),
        _theme(PLAIN, _PLAIN, ansi=True),
    )


def theme_words() -> list[str]:
    """What themes are called by: the house's by one word, Textual's by their names."""
    return [*(each.name.removeprefix(_PREFIX) for each in themes()), *BUILTIN_THEMES]


def theme_called(word: str) -> str | None:
    """The name of a theme that is called so, `None` where there is none."""
    if word in theme_words():
        return word if word in BUILTIN_THEMES else _PREFIX + word
    return word if word in {each.name for each in themes()} else None


def fitted(theme: Theme) -> dict[str, str]:
    """The variables of the house for a theme that does not know them, from the colours it does have."""
    if theme.ansi:
        return _PLAIN.variables()
    house = _DARK if theme.dark else _LIGHT
    background = Color.parse(theme.background or house.background)
    text = Color.parse(theme.foreground or house.text)
    accent = Color.parse(theme.accent or theme.primary)

    def towards(colour: Color, share: float) -> str:
        return background.blend(colour, share, alpha=1.0).hex

    return Palette(
        background=background.hex,
        text=text.hex,
        strong=text.hex,
        muted=towards(text, 0.7),
        faint=towards(text, 0.55),
        accent=accent.hex,
        good=theme.success or house.good,
        warn=theme.warning or house.warn,
        bad=theme.error or house.bad,
        violet=theme.secondary or house.violet,
        badge_text=background.hex,
        cursor=towards(accent, 0.22),
        cursor_far=towards(text, 0.08),
        border=towards(text, 0.2),
        border_focus=towards(accent, 0.6),
        log_1=house.log_1,
        log_2=house.log_2,
        log_3=house.log_3,
        log_4=house.log_4,
        log_5=house.log_5,
        log_6=house.log_6,
    ).variables()
