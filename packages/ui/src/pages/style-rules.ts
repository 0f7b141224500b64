/**
 * The shared stylesheet. All rules use the tokens at the beginning and nothing else, so that dark mode is one block. A
 * service sets `--accent`, which must be dark enough for white text, and may add rules of its own.
 */
const TOKENS = `
:root {
  color-scheme: light dark;
  --paper: #faf9f7; --card: #fff; --sunk: #f1efeb; --ink: #22252b; --quiet: #5d636e; --line: #dedbd5; --edge: #85898f;
  --good: #1a6b43; --needs: #8a5300; --bad: #ab2219;
  --link: color-mix(in srgb, var(--accent) 85%, #000); --tint: color-mix(in srgb, var(--accent) 9%, var(--card));
  --gap: 1rem; --round: 10px; --text: 44rem; --wide: 72rem;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #15171b; --card: #1d2026; --sunk: #121418; --ink: #e9e7e4; --quiet: #a5abb5; --line: #343943;
    --edge: #7b828d;
    --good: #74d19c; --needs: #f0b45c; --bad: #ff9389;
    --link: color-mix(in srgb, var(--accent) 45%, #fff); --tint: color-mix(in srgb, var(--accent) 26%, var(--card));
  }
}`;

const BASE = `
*, ::before, ::after { box-sizing: border-box }
[hidden] { display: none !important }
html { -webkit-text-size-adjust: 100%; text-size-adjust: 100% }
body { margin: 0; min-height: 100vh; display: flex; flex-direction: column; background: var(--paper); color: var(--ink);
  font: 1rem/1.55 system-ui, sans-serif; overflow-wrap: break-word }
a { color: var(--link) }
:focus-visible, input[type=date]:focus-within { outline: 3px solid var(--link); outline-offset: 2px;
  border-radius: 4px }
h1 { font-size: 1.75rem; line-height: 1.2; letter-spacing: -.01em; margin: 0 0 .6rem }
h2 { font-size: 1.15rem; line-height: 1.3; margin: 0 0 .4rem }
h3 { font-size: 1rem; margin: 1rem 0 .3rem }
p { margin: .5rem 0 }
small, .hint { color: var(--quiet); font-size: .875rem }
code { font-size: .9em; overflow-wrap: anywhere; background: var(--sunk); border-radius: 4px; padding: .1em .3em }
img { max-width: 100%; height: auto }
form { margin: 0 }
.lead { font-size: 1.08rem; color: var(--quiet); margin: 0 0 1.2rem; max-width: 40rem }
.skip { position: absolute; left: -999rem }
.unseen { position: absolute; clip-path: inset(50%); width: 1px; height: 1px; overflow: hidden; white-space: nowrap }
.skip:focus { left: 1rem; top: .5rem; z-index: 1; background: var(--card); padding: .5rem .9rem }`;

const FRAME = `
header { background: var(--card); border-bottom: 1px solid var(--line); border-top: 4px solid var(--accent) }
.bar { max-width: var(--wide); margin: 0 auto; padding: .6rem 1.2rem 0; display: flex; flex-wrap: wrap;
  gap: .3rem .7rem; align-items: center }
.brand { display: flex; gap: .6rem; align-items: center; font-weight: 650; font-size: 1.1rem; color: inherit;
  text-decoration: none; padding: .3rem 0 }
.brand::before { content: ""; flex: none; width: 28px; height: 28px;
  background: url(/icon.svg) center / contain no-repeat }
.role { font-size: .8rem; font-weight: 600; color: var(--link); background: var(--tint); border-radius: 99px;
  padding: .15rem .7rem; margin-right: auto }
.who { display: flex; gap: .7rem; align-items: center; color: var(--quiet); font-size: .9rem }
.who strong { color: var(--ink); overflow-wrap: anywhere }
.who button { min-height: 2.25rem; padding: .2rem .8rem; font-size: .9rem; font-weight: 500; white-space: nowrap }
nav { flex-basis: 100%; display: flex; flex-wrap: wrap; gap: 0 1.4rem }
nav a { color: var(--quiet); text-decoration: none; padding: .55rem 0 .5rem; border-bottom: 3px solid transparent }
nav a:hover { color: var(--ink) }
nav a[aria-current] { color: var(--ink); font-weight: 600; border-color: var(--accent) }
.count { display: inline-block; min-width: 1.35rem; padding: 0 .35rem; margin-left: .35rem; border-radius: 99px;
  background: var(--bad); color: var(--card); font-size: .78rem; font-weight: 700; line-height: 1.35rem;
  text-align: center }
@media (max-width: 40rem) {
  .fixed-nav { padding-bottom: 4.2rem }
  .fixed-nav nav { position: fixed; inset: auto 0 0; z-index: 2; flex-wrap: nowrap; gap: 0; background: var(--card);
    border-top: 1px solid var(--line); padding-bottom: env(safe-area-inset-bottom) }
  .fixed-nav nav a { position: relative; flex: auto; text-align: center; white-space: nowrap;
    padding: .9rem .1rem .75rem; border-bottom: 0; border-top: 3px solid transparent; font-size: .92rem }
  .fixed-nav nav .count { position: absolute; top: .1rem; left: calc(50% + .9rem); min-width: 1.2rem; margin: 0;
    padding: 0 .25rem; font-size: .7rem; line-height: 1.2rem }
  .fixed-nav nav a[aria-current] { border-color: var(--accent) }
  .fixed-nav .bar { padding-bottom: .6rem }
}
.bar:not(:has(nav)) { padding-bottom: .6rem }
main { flex: 1; width: 100%; max-width: var(--wide); margin: 0 auto; padding: 1.8rem 1.2rem 3rem }
main > * { max-width: var(--text) } main.wide > * { max-width: none }
main > h2 { margin-top: 2rem }
footer { border-top: 1px solid var(--line); color: var(--quiet); font-size: .875rem }
footer p { max-width: var(--wide); margin: 0 auto; padding: 1rem 1.2rem 1.4rem }
/* content, and actions beside it; below it if there is no room, with a link there (.jump) */
.split { display: grid; grid-template-columns: minmax(0, 1fr); gap: 1rem 2rem; align-items: start }
.split .aside-column { scroll-margin-top: 1rem }
.jump { margin: 0 0 1rem }
/* cards beside each other, each of its own height */
.columns > .card, .columns > .notice, .columns > .empty { break-inside: avoid }
@media (min-width: 64rem) { .columns { columns: 2; column-gap: 1.4rem } }
@media (min-width: 56rem) {
  .split { grid-template-columns: minmax(0, 20rem) minmax(0, 1fr) } .split .aside-column { order: -1 }
  .jump { display: none }
}`;

const PARTS = `
.card { background: var(--card); border: 1px solid var(--line); border-radius: var(--round); padding: 1.1rem 1.25rem;
  margin: 0 0 var(--gap) }
.card > :last-child { margin-bottom: 0 }
.row + .card, form + .card { margin-top: var(--gap) } p:has(> .button) { margin-bottom: var(--gap) }
.heading { display: flex; flex-wrap: wrap; gap: .2rem .8rem; justify-content: space-between; align-items: baseline }
.heading h2 { overflow-wrap: anywhere }
.notice { border: 1px solid var(--line); border-left: 4px solid var(--accent); background: var(--card);
  padding: .7rem 1rem; margin: 0 0 var(--gap); border-radius: 4px var(--round) var(--round) 4px }
.notice.good { border-left-color: var(--good) }
.notice.needs { border-left-color: var(--needs) }
.notice.bad { border-left-color: var(--bad) }
.notice > :first-child { margin-top: 0 } .notice > :last-child { margin-bottom: 0 }
.notice .row { margin-top: .6rem }
.initial { display: inline-grid; place-content: center; flex: none; width: 2.3rem; height: 2.3rem; margin-right: .65rem;
  border-radius: 9px; color: #fff; font-weight: 700; font-size: 1.05rem; vertical-align: middle }
img.initial { object-fit: contain; background: #fff; outline: 1px solid var(--line); outline-offset: -1px }
.hue-0 { background: #7a3e9d }
.hue-1 { background: #1f6f8b }
.hue-2 { background: #9a4a1c }
.hue-3 { background: #2f6b3f }
.hue-4 { background: #a3315f }
.hue-5 { background: #44519e }
.empty { border: 2px dashed var(--line); border-radius: var(--round); padding: 1.6rem 1.4rem; margin: 0 0 var(--gap) }
.empty > :last-child { margin-bottom: 0 }
.tag { display: inline-block; font-size: .8rem; font-weight: 500; color: var(--quiet); border: 1px solid var(--line);
  border-radius: 99px; padding: .05rem .6rem; white-space: nowrap }
.tag.good { color: var(--good); border-color: currentColor }
.tag.needs { color: var(--needs); border-color: currentColor }
.tag.bad { color: var(--bad); border-color: currentColor }
ul.list { list-style: none; margin: .6rem 0 var(--gap); padding: 0 }
ul.list > li { border-top: 1px solid var(--line); padding: .7rem 0 }
ul.list > li:last-child { border-bottom: 1px solid var(--line) }
.card > ul.list:last-child > li:last-child { border-bottom: 0; padding-bottom: 0 }
.item { display: flex; flex-wrap: wrap; gap: .3rem 1rem; align-items: center; justify-content: space-between }
.item .what { flex: 1 1 9rem; min-width: 0 } .item .what > small { display: block; overflow-wrap: anywhere }
dl { margin: .8rem 0 } dl > div { display: grid; grid-template-columns: 10rem 1fr; gap: .2rem 1rem; padding: .3rem 0 }
dl:not(:has(> div)) { display: grid; grid-template-columns: max-content 1fr; gap: .3rem 1.2rem }
dt { color: var(--quiet) } dd { margin: 0; overflow-wrap: anywhere } dd ul { margin: 0; padding-left: 1.1rem }
.steps { list-style: none; counter-reset: step; display: flex; flex-wrap: wrap; gap: .3rem 1.4rem; margin: 0 0 1.4rem;
  padding: 0; font-size: .9rem; color: var(--quiet) }
.steps li { counter-increment: step; display: flex; gap: .5rem; align-items: center }
.steps li::before { content: counter(step); flex: none; width: 1.6rem; height: 1.6rem; border: 1px solid var(--edge);
  border-radius: 99px; display: grid; place-content: center; font-size: .8rem }
.steps li.done::before { content: "\\2713" }
.steps li[aria-current] { color: var(--ink); font-weight: 600 }
.steps li[aria-current]::before { background: var(--accent); border-color: var(--accent); color: #fff }
table { border-collapse: collapse; width: 100%; margin: .8rem 0 var(--gap) }
caption { text-align: left; font-weight: 600; padding: .3rem 0 }
th small { font-weight: 400 }
tbody th { width: 38% }
th, td { text-align: left; padding: .55rem 1rem .55rem 0; border-top: 1px solid var(--line); vertical-align: top;
  overflow-wrap: anywhere }
td time { overflow-wrap: normal }
thead th { border: 0; color: var(--quiet); font-weight: 500; font-size: .875rem; padding-block: .2rem }
/* visually hidden content must not make the page wider */
.scroll { position: relative; overflow-x: auto }
@media (max-width: 40rem) {
  h1 { font-size: 1.5rem }
  main { padding-top: 1.3rem }
  dl > div, dl:not(:has(> div)) { grid-template-columns: 1fr; gap: 0 }
  dl:not(:has(> div)) dd { margin-bottom: .5rem }
  table, tbody, tr, th, td, caption { display: block }
  thead { position: absolute; clip-path: inset(50%); width: 1px; height: 1px; overflow: hidden }
  tr { border: 1px solid var(--line); border-radius: var(--round); padding: .6rem .9rem; margin: .5rem 0 }
  tbody th, td { width: auto; border: 0; padding: .15rem 0 }
  td[data-label]::before { content: attr(data-label) ": "; color: var(--quiet) }
}`;

const CONTROLS = `
.field { display: block; margin: 0 0 1rem }
.field > label { display: block; font-weight: 600 }
.field > .hint { display: block; margin-bottom: .2rem }
input, select, textarea { font: inherit; color: inherit; accent-color: var(--accent) }
input:is([type=text], [type=url], [type=password], [type=date], [type=number], [type=search], [type=file]), select,
textarea { width: 100%; max-width: 100%; min-height: 2.75rem; background: var(--card); border: 1px solid var(--edge);
  border-radius: 7px; padding: .5rem .7rem; margin-top: .2rem }
input[type=file] { padding: .4rem; font-size: .9rem }
input[type=file]::file-selector-button { font: inherit; color: var(--ink); background: var(--sunk);
  border: 1px solid var(--edge); border-radius: 5px; padding: .25rem .7rem; margin-right: .7rem }
textarea { display: block; resize: vertical; line-height: 1.45 }
input[aria-invalid], textarea[aria-invalid] { border-color: var(--bad); border-width: 2px }
.problem { color: var(--bad); margin: .2rem 0 0 }
h2 + form { margin-top: .8rem } p + form { margin-top: .9rem }
fieldset { border: 0; margin: 0 0 1rem; padding: 0; min-width: 0 }
legend { font-weight: 600; padding: 0; margin-bottom: .3rem }
.choices { display: grid; gap: .4rem } .choices.across { display: flex; flex-wrap: wrap }
.choice { display: flex; gap: .7rem; align-items: flex-start; padding: .6rem .8rem; border: 1px solid var(--line);
  border-radius: 7px; cursor: pointer; background: var(--card) }
.choice:has(:checked) { border-color: var(--link); background: var(--tint) }
.choice input { flex: none; width: 1.15rem; height: 1.15rem; margin: .2rem 0 0 }
.choice small { display: block }
.button, button { display: inline-flex; align-items: center; justify-content: center; min-height: 2.75rem;
  font: inherit; font-weight: 600; line-height: 1.25; cursor: pointer; border-radius: 7px; padding: .45rem 1.1rem;
  border: 1px solid var(--accent); background: var(--accent); color: #fff; text-decoration: none; text-align: center }
button.plain, .button.plain { background: transparent; color: var(--ink); border-color: var(--edge) }
button.danger { background: transparent; color: var(--bad); border-color: var(--bad) }
button.quiet { min-height: 2rem; padding: .1rem .3rem; margin-inline: -.3rem; background: transparent;
  border-color: transparent; color: var(--quiet); font-weight: 400; font-size: .875rem; text-decoration: underline }
.button:hover, button:hover { filter: brightness(1.08) }
button.danger:hover { background: var(--bad); color: var(--card) }
.switch { display: flex; flex-wrap: wrap; gap: .35rem 1rem; align-items: center; justify-content: space-between;
  padding: .35rem 0 }
.switch > .legend { flex: 1 1 12rem; min-width: 0 } .switch > .problem { flex-basis: 100% }
.segments { display: inline-flex; border: 1px solid var(--edge); border-radius: 8px; background: var(--card);
  overflow: clip }
.segments label { position: relative; display: flex; cursor: pointer }
.segments label + label { border-left: 1px solid var(--line) }
.segments input { position: absolute; inset: 0; margin: 0; opacity: 0; cursor: pointer }
.segments span { display: flex; flex-direction: column; align-items: center; justify-content: center; min-width: 4rem;
  min-height: 2.6rem; padding: .25rem .8rem; line-height: 1.2; text-align: center }
.segments :checked + span { background: var(--accent); color: #fff; font-weight: 600 }
.segments :checked + span small { color: inherit }
.segments :focus-visible + span { outline: 3px solid var(--link); outline-offset: -3px; border-radius: 7px }
.segments :checked:focus-visible + span { outline-color: #fff }
.segments:has([aria-invalid]) { border-color: var(--bad); box-shadow: 0 0 0 1px var(--bad) }
.chips .segments { display: flex; flex-wrap: wrap; gap: .5rem; border: 0; background: none; overflow: visible }
.chips .segments label { border: 1px solid var(--edge); border-radius: 99px; background: var(--card); overflow: clip }
.chips .segments span { min-width: 0; padding: .25rem 1rem; border-radius: 99px }
/* stays visible at the end of a long form */
.sticky { position: sticky; bottom: 0; z-index: 1; margin: 1rem -1.2rem 0;
  padding: .7rem 1.2rem calc(.7rem + env(safe-area-inset-bottom)); background: var(--paper);
  border-top: 1px solid var(--line) }
.sticky .row { margin: 0 }
@media (min-width: 64rem) {
  .sticky { margin-inline: 0; padding-inline: 1.25rem; border: 1px solid var(--line); border-bottom: 0;
    border-radius: var(--round) var(--round) 0 0 } }
html:has(.sticky) { scroll-padding-bottom: 9rem }
.query { display: flex; flex-wrap: wrap; gap: .5rem .8rem; align-items: end; margin: 0 0 .8rem }
.query .field { flex: 1 1 8rem; margin: 0 } .query button { flex: none }
/* fields beside each other: what is below one does not move the other */
.pair { display: grid; grid-template: auto auto auto / repeat(2, minmax(0, 1fr)); column-gap: .8rem; margin: 0 0 .8rem }
.pair .field { display: grid; grid-template-rows: subgrid; grid-row: 1 / 4; margin: 0 } .pair label { align-self: end }
.happened .what { flex-basis: 18rem } .happened .aside { display: flex; gap: .6rem; align-items: baseline }
.narrowed { list-style: none; display: flex; flex-wrap: wrap; gap: .4rem; margin: 0 0 var(--gap); padding: 0 }
.narrowed a { display: inline-block; border: 1px solid var(--edge); border-radius: 99px; background: var(--card);
  padding: .25rem .8rem; font-size: .9rem; text-decoration: none; overflow-wrap: anywhere }
.narrowed a[aria-current] { background: var(--sunk); font-weight: 600 }
.days { margin: 0 0 var(--gap) } .days svg { display: block; width: 100%; height: 4.5rem }
.days figcaption { display: flex; justify-content: space-between; gap: 1rem; color: var(--quiet); font-size: .875rem }
.days rect.got { fill: var(--good) } .days rect.none { fill: var(--bad) } .days rect.empty-day { fill: var(--line) }
.days span.got, .days span.none { display: inline-block; width: .7em; height: .7em; border-radius: 2px;
  background: var(--good) }
.days span.none { background: var(--bad) }
.row { display: flex; flex-wrap: wrap; gap: .6rem; align-items: center; margin: 1rem 0 0 }
.card > form:first-child > .row:nth-child(1 of :not([type=hidden], [hidden])) { margin-top: 0 }
details > summary { cursor: pointer; color: var(--quiet); font-size: .875rem; padding: .3rem 0; width: fit-content }
details[open] > summary { margin-bottom: .3rem }
@media (max-width: 40rem) {
  .choices.across:has(> :nth-child(3):last-child) { display: grid; justify-content: start;
    grid-template-columns: auto minmax(0, max-content) auto }
  .choices.across .choice { gap: .35rem; padding: .6rem .4rem }
  .switch .segments { flex: 1 1 100%; display: grid; grid-auto-flow: column; grid-auto-columns: 1fr }
  .switch .segments span { min-width: 0; flex: 1 }
  .item:has(> .aside > .button) > .what { flex-basis: 100% }
  .days figcaption { flex-wrap: wrap; gap: 0 1rem }
  .days figcaption > :nth-child(2) { order: 1; flex: 1 0 100%; text-align: center }
  .fixed-nav .sticky { bottom: 3.5rem; padding-bottom: .7rem } .sticky .row > :first-child { flex: 1 }
}
@media (prefers-reduced-motion: no-preference) { .button, button { transition: background-color .1s, filter .1s } }
@media (forced-colors: active) {
  .choice:has(:checked), .segments :checked + span { outline: 2px solid; outline-offset: -2px } }`;

export const RULES = [TOKENS, BASE, FRAME, PARTS, CONTROLS].join('\n').trim();
