import type { Effort } from './effort.ts';
import type { ManyHostsLine } from './report.ts';

const PANEL = { width: 330, height: 220, left: 46, top: 46, bottom: 34, gap: 50 };
const PLOT = { width: PANEL.width - PANEL.left, height: PANEL.height };

/** Two panels side by side: what a person has to do, and how long it takes; both scales grow by factors of ten. */
export function drawChart(lines: readonly ManyHostsLine[]): string {
  const width = 2 * PANEL.width + PANEL.gap + 20;
  const height = PANEL.top + PLOT.height + PANEL.bottom + 10;
  const panels = [
    panel(lines, { title: 'Redirects a person goes through', of: ({ redirects }) => redirects, unit: '', at: 0 }),
    panel(lines, {
      title: 'Seconds until every Host was read',
      of: ({ seconds }) => seconds,
      unit: ' s',
      at: PANEL.width + PANEL.gap,
    }),
  ];
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}"
  height="${height}" role="img"
  aria-label="One new Requester at many Hosts: through the AM one redirect, by plain OAuth one for each Host">
<style>
text{font:12px system-ui,sans-serif;fill:#57534e}.title{font-weight:600;font-size:13px;fill:#292524}
.grid{stroke:#d6d3d1;stroke-width:1}
.am{stroke:#7a3e9d;fill:#7a3e9d}.plain{stroke:#a8a29e;fill:#a8a29e}
polyline{fill:none!important;stroke-width:2.5}.label{stroke:none;font-weight:600}
@media(prefers-color-scheme:dark){text{fill:#a8a29e}.title{fill:#e7e5e4}.grid{stroke:#44403c}
  .am{stroke:#c9a0e0;fill:#c9a0e0}.plain{stroke:#78716c;fill:#78716c}}
</style>
${panels.join('\n')}
</svg>
`;
}

interface PanelInput {
  readonly title: string;
  readonly of: (effort: Effort) => number;
  readonly unit: string;
  /** Left edge. */
  readonly at: number;
}

function panel(lines: readonly ManyHostsLine[], { title, of, unit, at }: PanelInput): string {
  const values = lines.flatMap(({ chained, plain }) => [of(chained), of(plain)]);
  const lowest = Math.floor(Math.log10(Math.min(...values)));
  const highest = Math.ceil(Math.log10(Math.max(...values)));
  const widest = Math.log10(Math.max(...lines.map(({ hosts }) => hosts)));
  const x = (hosts: number): number => at + PANEL.left + (Math.log10(hosts) / widest) * (PLOT.width - 20);
  const y = (value: number): number =>
    PANEL.top + PLOT.height - ((Math.log10(value) - lowest) / (highest - lowest)) * PLOT.height;
  const grid = Array.from({ length: highest - lowest + 1 }, (_, index) => 10 ** (lowest + index)).map(
    (value) =>
      `<line class="grid" x1="${at + PANEL.left}" x2="${at + PANEL.width}" ` +
      `y1="${round(y(value))}" y2="${round(y(value))}"/><text x="${at + PANEL.left - 8}" ` +
      `y="${round(y(value) + 4)}" text-anchor="end">${Number(value.toPrecision(1))}${unit}</text>`,
  );
  const ticks = lines.map(
    ({ hosts }) =>
      `<text x="${round(x(hosts))}" y="${PANEL.top + PLOT.height + 18}" text-anchor="middle">${hosts}</text>`,
  );
  const series = (kind: 'am' | 'plain', name: string, pick: (line: ManyHostsLine) => Effort): string => {
    const points = lines.map((line) => [x(line.hosts), y(of(pick(line)))] as const);
    const [lastX = 0, lastY = 0] = points.at(-1) ?? [];
    // the lower line has its label below, if there is room
    const below = kind === 'am' && lastY + 30 < PANEL.top + PLOT.height;
    return [
      `<polyline class="${kind}" points="${points.map((point) => point.map(round).join(',')).join(' ')}"/>`,
      ...points.map(([px, py]) => `<circle class="${kind}" cx="${round(px)}" cy="${round(py)}" r="3.5"/>`),
      `<text class="${kind} label" x="${round(lastX)}" ` +
        `y="${round(below ? lastY + 20 : lastY - 9)}" text-anchor="end">${name}</text>`,
    ].join('');
  };
  return [
    `<text class="title" x="${at + 4}" y="20">${title}</text>`,
    ...grid,
    ...ticks,
    `<text x="${at + PANEL.width}" y="${PANEL.top + PLOT.height + 34}" text-anchor="end">Hosts</text>`,
    series('plain', 'plain OAuth', ({ plain }) => plain),
    series('am', 'through the AM', ({ chained }) => chained),
  ].join('\n');
}

const round = (value: number): number => Math.round(value * 10) / 10;
