"""Owns how the HTML report looks: light and dark, three widths, paper. Knows no report.

One sheet in the page; nothing is loaded. Source: interfaces.md 2 (design tokens), 3.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from prodlens.exports.svg_colours import DARK, FONT, LIGHT, VARIABLES, rules

if TYPE_CHECKING:
    from collections.abc import Mapping

_PAGE: Final = """
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%;text-size-adjust:100%}
body{margin:0;background:var(--page);color:var(--ink);font:14px/1.5 FONT;overflow-wrap:anywhere}
main,header,footer{max-width:1080px;margin:0 auto;padding:0 20px}
header{padding-top:32px}
h1{font-size:26px;line-height:1.2;letter-spacing:-.02em;margin:0}
h2{font-size:18px;letter-spacing:-.01em;margin:34px 0 10px}
h3{font-size:14.5px;margin:0}
p{margin:0}
a{color:var(--accent);text-underline-offset:2px}
:focus-visible{outline:2px solid var(--accent);outline-offset:2px;border-radius:4px}
.sub,.note,.under{color:var(--muted)}
.sub{margin-top:4px}
.note,.under{font-size:12.5px}
.note{margin-top:8px}
section>.under{margin:-6px 0 10px}
.card{background:var(--card);border:1px solid var(--line);border-radius:13px;padding:16px 18px;
min-width:0;box-shadow:0 1px 2px rgb(16 24 40/.04)}
.lead{margin-top:18px}
.lead .first{font-size:18px;line-height:1.45;letter-spacing:-.01em;max-width:62em}
.lead .note{max-width:70em}
.heed{margin:12px 0 0;padding:0;list-style:none;color:var(--muted);font-size:13px}
.heed li{border-left:3px solid var(--axis);padding:1px 0 1px 10px;margin-top:6px}
nav{margin-top:14px;display:flex;flex-wrap:wrap;gap:6px}
nav a{text-decoration:none;color:var(--muted);background:var(--card);border:1px solid var(--line);
border-radius:99px;padding:3px 12px;font-size:12.5px;font-weight:500}
nav a:hover{color:var(--accent);border-color:var(--accent)}
.tiles{margin:14px 0 0;padding:0;display:grid;gap:1px;overflow:hidden;
grid-template-columns:repeat(3,minmax(0,1fr))}
.tiles>div{box-shadow:0 0 0 1px var(--line);padding:13px 15px 11px;display:flex;flex-direction:column}
dl,dd{margin:0}
.tiles dt{color:var(--muted);font-size:13px;font-weight:500}
.tiles .long{font-size:18px!important;line-height:1.66!important}
.tiles .value{white-space:nowrap;font-size:23px;line-height:1.3;font-weight:650;letter-spacing:-.02em}
.tiles dd{font-size:12px;color:var(--muted);line-height:1.45}
.tiles dd.value{color:var(--ink)}
.tiles .line{margin-top:auto;padding-top:8px}
.tiles svg{width:150px;max-width:100%}
.value,td,th,.figures dd{font-variant-numeric:tabular-nums}
.better{color:var(--good);font-weight:600}
.worse{color:var(--bad);font-weight:600}
.plain{color:var(--ink);font-weight:600}
.cards{display:grid;gap:14px;grid-template-columns:minmax(0,1fr)}
.figures>div{display:grid;grid-template-columns:minmax(0,1fr) auto;gap:0 16px;padding:6px 0;border-top:1px solid var(--grid);align-items:baseline}
.figures>div:first-child{border-top:0}
.figures dt a{color:inherit;text-decoration:none}
.figures dt a:hover{color:var(--accent);text-decoration:underline}
.figures .value{text-align:right;font-weight:600}
.figures .basis{grid-column:1/-1;color:var(--muted);font-size:13px}
.figures .basis span+span::before{content:" · "}
.finding+.finding{border-top:1px solid var(--grid);margin-top:14px;padding-top:14px}
.finding .value{font-weight:600}
.finding h3 span:not(.plain){font-weight:400;color:var(--muted);font-size:13px}
.finding p{margin-top:4px;max-width:75em}
.chart{container-type:inline-size;margin-top:10px}
.drawing{display:block;width:100%;height:auto}
.chart .narrow{display:none;max-width:470px;margin:0 auto}
@container (max-width:599px){.whole .wide{display:none}.whole .narrow{display:block}}
@container (max-width:459px){.most .wide{display:none}.most .narrow{display:block}}
@container (max-width:399px){.half .wide{display:none}.half .narrow{display:block}}
@container (max-width:359px){.least .wide{display:none}.least .narrow{display:block}}
.half .wide{max-width:640px;margin:0 auto}.least .wide{max-width:480px;margin:0 auto}
details{margin-top:10px;font-size:13px}
summary{cursor:pointer;color:var(--muted);width:fit-content;padding:2px 0}
summary:hover{color:var(--accent)}
details[open]>summary{margin-bottom:6px}
.frame{overflow-x:auto;max-width:100%}
details .frame{max-height:420px;overflow-y:auto}
table{border-collapse:collapse;width:100%;font-size:13px;overflow-wrap:normal}
caption{text-align:left;padding-bottom:6px;color:var(--muted)}
caption h3{color:var(--ink)}
th,td{padding:6px 0 6px 18px;text-align:right;vertical-align:baseline;
border-top:1px solid var(--grid);white-space:nowrap}
th.t,td.t,.d{text-align:left}
td.t,th.t[scope=row]{white-space:normal;min-width:9em;max-width:34em;overflow-wrap:anywhere}
tr>:first-child{padding-left:0}
.frame th[scope=row]{position:sticky;left:0;background:var(--card)}
thead th{color:var(--muted);font-size:12px;font-weight:500;border-top:0;vertical-align:bottom}
tbody th{font-weight:500}
details thead th{position:sticky;top:0;background:var(--card)}
code{font:12.5px ui-monospace,SFMono-Regular,Menlo,Consolas,monospace}
.pairs{display:grid;grid-template-columns:max-content minmax(0,1fr);gap:4px 18px;font-size:13px}
.pairs dt{color:var(--muted)}
.plainlist{margin:0;padding-left:18px;font-size:13px}
.plainlist li{margin-top:3px}
footer{padding-top:26px;padding-bottom:40px;color:var(--muted);font-size:12.5px}
@media (min-width:601px){.of4{grid-template-columns:repeat(4,minmax(0,1fr))}}
@media (min-width:960px){.of5{grid-template-columns:repeat(5,minmax(0,1fr))}
.of6{grid-template-columns:repeat(6,minmax(0,1fr))}.cards{grid-template-columns:repeat(12,minmax(0,1fr))}
.whole{grid-column:span 12}.most{grid-column:span 7}.half{grid-column:span 6}
.least{grid-column:span 5}
.many{columns:2;column-gap:44px}.many>div{break-inside:avoid}
.many>div:first-child{border-top:1px solid transparent}}
@media (min-width:601px){.row>div{
grid-template-columns:minmax(0,1.7fr) minmax(76px,.8fr) minmax(0,2.5fr)}
.row .basis{grid-column:auto}}
@media (max-width:600px){main,header,footer{padding-left:14px;padding-right:14px}
header{padding-top:20px}h1{font-size:22px}.card{padding:14px}
.lead .first{font-size:16.5px}
.tiles{grid-template-columns:repeat(2,minmax(0,1fr));padding:0}
th,td{padding-left:12px}td.t,th.t[scope=row]{min-width:7em}
.pairs{grid-template-columns:minmax(0,1fr)}.pairs dd{margin-bottom:6px}}
@media print{@page{margin:14mm}body{background:#fff;font-size:11.5px}nav,details{display:none}
h1{font-size:22px}h2{font-size:15px}h3{font-size:12px}
main,header,footer{max-width:none;padding:0}.card{box-shadow:none;break-inside:avoid}
.open{break-inside:auto}h2{break-after:avoid;margin-top:20px}tr{break-inside:avoid}
thead{display:table-header-group}.screen{display:none}.many{columns:2;column-gap:30px}.many>div{break-inside:avoid}
.many>div:first-child{border-top:1px solid transparent}.figures>div{padding:3px 0}
.cards{grid-template-columns:repeat(12,minmax(0,1fr));gap:10px}.whole{grid-column:span 12}
.most,.least,.half{grid-column:span 6}
.note,.under,.pairs,.plainlist,.heed,.figures .basis,.tiles dd{font-size:10.5px}
.lead .first{font-size:15px}.tiles .value{font-size:18px}.tiles .long{font-size:13px!important}
.frame{overflow:visible}table{font-size:9.5px}th,td{padding:3px 0 3px 8px;white-space:normal}
*{print-color-adjust:exact;-webkit-print-color-adjust:exact}}
"""


def sheet() -> str:
    """Return the whole style sheet of the page; what is printed is light."""
    dark = f"@media screen and (prefers-color-scheme:dark){{:root{{{_declared(DARK)}}}}}"
    page = _PAGE.replace("FONT", FONT).replace("\n", "")
    return f":root{{color-scheme:light dark;{_declared(LIGHT)}}}{dark}{page}{rules(VARIABLES)}"


def _declared(colours: Mapping[str, str]) -> str:
    return ";".join(f"--{name}:{colour}" for name, colour in colours.items())
