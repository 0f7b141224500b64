/** Styles for one flavor of Host. */
const COMMON = `
.remove summary { font-size: .8rem; padding: .35rem 0 } .remove button { min-height: 2.4rem; font-size: .9rem }
.picture { display: block } .picture img { display: block; width: 100%; height: auto; border-radius: 6px }
.nothing { color: var(--quiet) }
h2 + .agenda, h2 + .nothing { margin-bottom: 1.6rem }`;

export const ALBUM = `${COMMON}
.album { list-style: none; margin: 0; padding: 0; display: grid;
  grid-template-columns: repeat(auto-fill, minmax(min(100%, 15rem), 1fr)); gap: 1.2rem }
.album figure { margin: 0; height: 100%; background: var(--card); border: 1px solid var(--line); border-radius: 4px;
  padding: .7rem .7rem .3rem }
.album .picture img { aspect-ratio: 4 / 3; object-fit: cover; border-radius: 2px; background: var(--sunk) }
.album .frame { aspect-ratio: 4 / 3; display: grid; place-content: center; color: var(--quiet); font-size: .875rem;
  background: var(--sunk); border-radius: 2px }
.album figcaption p { margin: .6rem 0 0; line-height: 1.4 }
@media (max-width: 40rem) {
  .album { grid-template-columns: 1fr 1fr; gap: .7rem } .album figure { padding: .4rem .5rem .2rem }
  .album figcaption p { font-size: .95rem } }`;

export const AGENDA = `${COMMON}
.agenda, .agenda ul { list-style: none; margin: 0; padding: 0 }
.agenda > li { display: grid; grid-template-columns: 10.5rem 1fr; gap: .2rem 1.4rem; padding: .9rem 0;
  border-top: 1px solid var(--line) }
.agenda h3 { margin: 0; font-weight: 600; line-height: 1.25 }
.agenda time { display: flex; gap: .8rem; align-items: center }
.agenda small { font-weight: 400 }
.agenda .number { flex: none; white-space: nowrap; font-size: 2rem; font-weight: 650; line-height: 1; min-width: 2.6rem;
  text-align: right; color: var(--link); font-variant-numeric: tabular-nums }
.agenda .today .number { color: #fff; background: var(--accent); border-radius: 8px; padding: .3rem .4rem;
  text-align: center }
.agenda ul > li { border-left: 4px solid var(--accent); background: var(--card); border-radius: 0 8px 8px 0;
  padding: .55rem .9rem .2rem; margin-bottom: .5rem; white-space: pre-line }
.agenda p { margin: 0 } .agenda .picture { max-width: 16rem; margin: .5rem 0 .2rem }
@media (max-width: 40rem) { .agenda > li { grid-template-columns: 1fr; gap: .6rem } }`;

export const SHEETS = `${COMMON}
.sheets { list-style: none; margin: 0; padding: 0; columns: 19rem; column-gap: 1.2rem }
.sheets > li { break-inside: avoid; margin: 0 0 1.2rem; background: var(--tint); border-top: 6px solid var(--accent);
  padding: .8rem 1.1rem .4rem; border-radius: 2px; box-shadow: 0 1px 3px rgb(0 0 0 / .18) }
.sheets p { white-space: pre-wrap; font: 1.06rem/1.55 ui-serif, Georgia, "DejaVu Serif", serif;
  margin: .3rem 0 .6rem }`;
