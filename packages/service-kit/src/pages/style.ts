import { createHash } from 'node:crypto';
import type { Site } from './site.ts';

/** The one stylesheet, with the service's accent, and the address it is served at (its hash is in it, so it may be cached for ever). */
export interface Stylesheet {
  css: string;
  href: string;
}

export function stylesheet({ accent = '#3b5bdb' }: Site): Stylesheet {
  if (!/^#[0-9a-f]{6}$/i.test(accent)) throw new Error('The accent of a site is a colour of the form #rrggbb.');
  const css = `:root{--accent:${accent}}\n${CSS}`;
  return { css, href: `/style.css?v=${createHash('sha256').update(css).digest('base64url').slice(0, 12)}` };
}

/** The icon of a service: a key on a hook, in its accent. */
export function icon({ accent = '#3b5bdb' }: Site): string {
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="7" fill="${accent}"/><g fill="none" stroke="#fff" stroke-width="2.6" stroke-linecap="round"><circle cx="16" cy="10.5" r="4.5"/><path d="M16 15v11M16 20.5h4.5M16 25h3.5"/></g></svg>`;
}

const CSS = `
:root{color-scheme:light dark;--paper:#fbfaf8;--card:#fff;--ink:#22252b;--quiet:#646a75;--line:#dfdcd6;--good:#1f7a4d;--bad:#b3261e;--link:color-mix(in srgb,var(--accent) 85%,#000)}
@media (prefers-color-scheme:dark){:root{--paper:#16181c;--card:#1e2127;--ink:#e8e6e3;--quiet:#a0a6b0;--line:#353a43;--good:#6fcf97;--bad:#ff8a80;--link:color-mix(in srgb,var(--accent) 55%,#fff)}}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);font:1rem/1.55 system-ui,sans-serif}
a{color:var(--link)}
:focus-visible{outline:3px solid var(--link);outline-offset:2px;border-radius:4px}
.skip{position:absolute;left:-999px}.skip:focus{left:1rem;top:.5rem;background:var(--card);padding:.4rem .8rem}
header{border-bottom:1px solid var(--line);background:var(--card);border-top:4px solid var(--accent)}
.bar,main,footer{max-width:46rem;margin:0 auto;padding:.8rem 1.2rem}
.bar{display:flex;flex-wrap:wrap;gap:.4rem 1rem;align-items:center}
.brand{display:flex;gap:.6rem;align-items:baseline;font-weight:650;color:inherit;text-decoration:none;margin-right:auto}
.label{font-size:.75rem;font-weight:500;color:var(--quiet);border:1px solid var(--line);border-radius:99px;padding:.05rem .6rem}
nav{display:flex;flex-wrap:wrap;gap:.3rem 1rem;align-items:center}
nav a[aria-current]{color:inherit;text-decoration-thickness:2px}
.who{display:flex;gap:.6rem;align-items:center;color:var(--quiet);font-size:.9rem}
main{padding-top:1.6rem;padding-bottom:3rem}
h1{font-size:1.6rem;line-height:1.25;margin:.2rem 0 1rem}
h2{font-size:1.15rem;margin:0 0 .5rem}
p{margin:.5rem 0}
small,.hint{color:var(--quiet);font-size:.88rem}
.card{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:1rem 1.2rem;margin:1rem 0}
.notice{border-left:4px solid var(--accent);background:var(--card);padding:.6rem 1rem;margin:1rem 0;border-radius:0 8px 8px 0}
.notice.good{border-color:var(--good)}.notice.bad{border-color:var(--bad)}
form{margin:0}
.field{display:block;margin:.9rem 0}
.field>label{display:block;font-weight:600;margin-bottom:.2rem}
input[type=text],input[type=url],input[type=password],input[type=date],input[type=number],input[type=search],select,textarea{width:100%;font:inherit;color:inherit;background:var(--paper);border:1px solid var(--quiet);border-radius:7px;padding:.55rem .7rem}
input[aria-invalid=true]{border-color:var(--bad)}
.problem{color:var(--bad)}
fieldset{border:1px solid var(--line);border-radius:10px;margin:1rem 0;padding:.6rem 1.2rem 1rem}
legend{font-weight:600;padding:0 .4rem}
.choice{display:flex;gap:.6rem;align-items:baseline;margin:.4rem 0}
.button,button{display:inline-block;font:inherit;font-weight:600;cursor:pointer;border-radius:7px;padding:.5rem 1.1rem;border:1px solid var(--accent);background:var(--accent);color:#fff;text-decoration:none}
button.plain,.button.plain{background:transparent;color:var(--ink);border-color:var(--quiet)}
button.danger{background:transparent;color:var(--bad);border-color:var(--bad)}
nav button,.who button{padding:.15rem .7rem;font-size:.9rem;font-weight:500}
.row{display:flex;flex-wrap:wrap;gap:.6rem;align-items:center;margin-top:1rem}
ul.list{list-style:none;margin:1rem 0;padding:0}ul.list>li{border-top:1px solid var(--line);padding:.7rem 0}ul.list>li:last-child{border-bottom:1px solid var(--line)}
table{border-collapse:collapse;width:100%}th,td{text-align:left;padding:.45rem .6rem .45rem 0;border-bottom:1px solid var(--line);vertical-align:top}
.scroll{overflow-x:auto}
code{font-size:.9em;overflow-wrap:anywhere}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.3rem 1.2rem}dt{color:var(--quiet)}dd{margin:0;overflow-wrap:anywhere}
.tag{font-size:.8rem;border:1px solid var(--line);border-radius:99px;padding:.05rem .6rem;white-space:nowrap}.tag.good{color:var(--good);border-color:currentColor}.tag.bad{color:var(--bad);border-color:currentColor}
img{max-width:100%}
footer{color:var(--quiet);font-size:.85rem}
@media (max-width:34rem){dl{grid-template-columns:1fr}dd{margin-bottom:.4rem}.button,button{padding:.6rem 1.1rem}}
@media (prefers-reduced-motion:no-preference){.button,button{transition:filter .1s}}
.button:hover,button:hover{filter:brightness(1.08)}
`;
