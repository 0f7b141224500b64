export { type Certificate, createLocalAuthority, type LocalAuthority } from './authority.ts';
export { Browser, type BrowserOptions, PASSWORD } from './browser.ts';
export { crawl, type Crawled, type FoundForm } from './crawl.ts';
export { CookieJar } from './cookie-jar.ts';
export { eventually, type Waiting } from './eventually.ts';
export { freePort, freePorts, takenPorts } from './free-ports.ts';
export { hiddenFields, onwardOf, tokenFor, wordsOf } from './html.ts';
export {
  type Answer,
  encodeForm,
  FORM,
  type Form,
  postForm,
  postJson,
  send,
  type Sent,
  type SentHeaders,
} from './http.ts';
export {
  amMetadata,
  hostMetadata,
  linkClientDocument,
  linkTokens,
  resourceMetadata,
  serverMetadata,
  transferred,
} from './metadata.ts';
export { PARAMETERS } from './parameters.ts';
export { patience } from './patience.ts';
export { EVIL_MARKUP, EXECUTES, rowsAbout, type Sweep, sweep, tokenOf, unreached } from './sweep.ts';
export { spend } from './spend.ts';
export { bodyOf, type Documents, type Running, serve, serveDocuments } from './server.ts';
export { type Route, routeOf, routesIn } from './routes.ts';
export { type Access, accessesOf, recordStatements, type Sent as SentStatement } from './plans.ts';
export { clock, type HostAddress, type Link, TestAm } from './test-am.ts';
export { unzip } from './unzip.ts';
export { filesRunBy } from './files-run.ts';
