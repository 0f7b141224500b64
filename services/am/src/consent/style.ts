/**
 * Styles for consent pages only: the client beside the choices, a line for each account, and the buttons for presets.
 */
export const CONSENT_STYLES = `
.asking > * { min-width: 0 }
@media (min-width: 64rem) {
  .asking { display: grid; grid-template-columns: 25rem minmax(0, 1fr); gap: 0 1.6rem; align-items: start }
  .asking > .who-asks { position: sticky; top: 1rem }
}
.who-asks dl > div { grid-template-columns: 7rem 1fr }
.service { border-top: 1px solid var(--line); padding: .7rem 0 .5rem }
.service h3 { margin: 0; overflow-wrap: anywhere }
.service .switch + .switch, .service h3 + .switch { border-top: 1px dashed var(--line) }
.service .what { display: block } .service .scope { white-space: nowrap; font-size: .8rem }
.service h3 + .switch { margin-top: .4rem }
details > .service:first-of-type { border-top: 0 }
.presets { padding: 0 0 .9rem } .presets .row { margin-top: .35rem; gap: .4rem }
.presets button { flex: 1 1 auto; min-height: 2.5rem; padding: .25rem .3rem; font-size: .9rem; font-weight: 500;
  white-space: nowrap }
.presets .segments span { min-height: 2.2rem }
q { font-style: italic; font-weight: 500 }
.choose { scroll-margin-top: 1rem }
@media (max-width: 40rem) {
  main:has(.asking) > .steps { display: none } .asking dl > div { padding: .12rem 0; gap: .1rem .6rem;
    grid-template-columns: 6.2rem 1fr } }`;
