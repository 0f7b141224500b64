import type { Spread } from './contest.ts';
import type { Measured } from './report.ts';

const WIDTH = 720;
const LEFT = 300;
const ROW = 30;
const TOP = 40;

/** Transfers and endpoints as bars: the peer is 1, and ours is as long as it is faster; a tick marks the target. */
export function chart(measured: Measured): string {
  const { best } = measured;
  const bars: readonly [string, Spread, number][] = [
    ['Transfer ÷ its limit, batched', measured.transfer_vs_limit_batched, 0.8],
    ['Transfer ÷ oidc-provider, same cryptography', measured.transfer_vs_oidc_crypto, 2.8],
    ['Transfer ÷ oidc-provider, no cryptography', measured.transfer_vs_oidc_plain, 0.7],
    [`PAR ÷ ${best['par']}`, measured.par_vs_best, 1.5],
    [`Code ÷ ${best['code']}`, measured.code_vs_best, 1.5],
    [`Refresh ÷ ${best['refresh']}`, measured.refresh_vs_best, 1.5],
    [`Introspection ÷ ${best['introspection']}`, measured.introspection_vs_best, 1.5],
    ['Guarded ÷ unguarded call', measured.guarded_vs_unguarded, 0.6],
  ];
  const most = Math.max(...bars.flatMap(([, { highest }, goal]) => [highest, goal]));
  const x = (value: number): number => Math.round(LEFT + (value / most) * (WIDTH - LEFT - 60));
  const height = TOP + bars.length * ROW + 30;
  const rows = bars.map(([name, { median, lowest, highest }, goal], index) => {
    const y = TOP + index * ROW;
    return [
      `<text x="${LEFT - 10}" y="${y + 15}" text-anchor="end">${name}</text>`,
      `<rect class="bar" x="${LEFT}" y="${y + 3}" width="${x(median) - LEFT}" height="16" rx="2"/>`,
      `<line class="range" x1="${x(lowest)}" x2="${x(highest)}" y1="${y + 11}" y2="${y + 11}"/>`,
      `<line class="goal" x1="${x(goal)}" x2="${x(goal)}" y1="${y}" y2="${y + 22}"/>`,
      `<text class="value" x="${Math.max(x(highest), x(goal)) + 8}" y="${y + 15}">${median.toFixed(2)}</text>`,
    ].join('');
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}"
  height="${height}" role="img"
  aria-label="Requests per second as a share of the limit program's and of its peers'">
<style>
text{font:12px system-ui,sans-serif;fill:#57534e}.title{font-weight:600;font-size:13px;fill:#292524}
.value{font-weight:600}.bar{fill:#7a3e9d}
.range{stroke:#292524;stroke-width:1.5}.goal{stroke:#b45309;stroke-width:2;stroke-dasharray:3 2}
.one{stroke:#a8a29e;stroke-width:1}
@media(prefers-color-scheme:dark){text{fill:#a8a29e}.title{fill:#e7e5e4}.bar{fill:#c9a0e0}
  .range{stroke:#e7e5e4}.goal{stroke:#f59e0b}.one{stroke:#78716c}}
</style>
<text class="title" x="${LEFT}" y="20">\
Requests per second, as a multiple of the other's (dashed: what is to hold)</text>
<line class="one" x1="${x(1)}" x2="${x(1)}" y1="${TOP - 6}" y2="${height - 26}"/>
<text x="${x(1)}" y="${height - 10}" text-anchor="middle">1</text>
${rows.join('\n')}
</svg>
`;
}
