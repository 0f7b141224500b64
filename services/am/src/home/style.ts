/** A symbol before the word for the same answer; the slash gives it an empty text alternative (CSS Content §3.2). */
const symbol = (answer: string, text: string): string =>
  `.board .${answer} > a::before, .legend-of-keys .${answer}::before { content: "${text}"; content: "${text}" / "" }`;

/** Styles for the front page only: the board, and what is new. */
export const HOME_STYLES = `
.legend-of-keys { display: flex; flex-wrap: wrap; gap: .2rem 1.2rem; margin: 0 0 .5rem; font-size: .875rem;
  color: var(--quiet) }
.board { width: auto; min-width: 50%; margin: 0 }
.board th, .board td { padding: .3rem .45rem; vertical-align: middle }
.board thead th { vertical-align: bottom; overflow-wrap: normal }
.board tbody th { position: sticky; left: 0; z-index: 1; width: auto; min-width: 12rem; max-width: 16rem;
  background: var(--card); font-weight: 500; overflow-wrap: anywhere }
.board tbody th .initial { width: 1.6rem; height: 1.6rem; margin-right: .45rem; border-radius: 6px; font-size: .8rem }
.board tbody th small { display: block }
.board td > a { position: relative; display: flex; gap: .4rem; align-items: center; justify-content: center;
  min-width: 2.4rem; min-height: 2.4rem; padding: 0 .6rem; border: 1px solid currentColor; border-radius: 8px;
  text-decoration: none; color: var(--quiet) }
.board td > a:hover { background: var(--sunk) }
.board td > a::before, .legend-of-keys [class]::before { font-weight: bolder }
.legend-of-keys [class]::before { margin-right: .35em }
.board .allow > a, .legend-of-keys .allow::before { color: var(--good) }
.board .ask > a, .legend-of-keys .ask::before { color: var(--needs) }
.board .deny > a, .legend-of-keys .deny::before { color: var(--bad) }
${symbol('allow', '✓')} ${symbol('ask', '?')}
${symbol('deny', '✕')} ${symbol('mixed', '±')}
.board .broken > a { border-style: dashed }
.board .used::after, .dot { content: ""; display: inline-block; width: .7rem; height: .7rem; border-radius: 99px;
  background: var(--link) }
.board .used::after { position: absolute; top: -.3rem; right: -.3rem; border: 2px solid var(--card) }
.news time { white-space: nowrap }
@media (min-width: 40.01rem) {
  .board.many thead span { writing-mode: vertical-rl; transform: rotate(180deg); max-height: 10rem; overflow: hidden;
    white-space: nowrap }
  .board.many thead th + th { padding-inline: .2rem; text-align: center } .board.many td { padding: .15rem }
  .board.many td > a { padding: 0 }
}
@media (max-width: 40rem) {
  .board { min-width: 0 } .board .nothing { display: none }
  .board tbody th { position: static; max-width: none; font-weight: 600 }
  .board td { display: flex; gap: .6rem; align-items: center; justify-content: space-between }
  .board td > a { min-width: 6.5rem }
  .board.many tbody tr { display: grid; grid-template-columns: repeat(auto-fill, minmax(7.5rem, 1fr)); gap: 0 1rem }
  .board.many tbody th { grid-column: 1 / -1 }
  .board.many td::before { min-width: 0; overflow-wrap: anywhere }
  .board.many td > a { min-width: 2.4rem; padding: 0 }
}`;
