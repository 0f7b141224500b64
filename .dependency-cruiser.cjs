// Who may import whom. docs/architecture.md says why; this file is what `pnpm verify` enforces.

/** Package → the packages of ours its sources may import. What is not listed is forbidden. */
const mayImport = {
  protocol: [],
  crypto: ['protocol'],
  'outbound-http': [],
  postgres: [],
  'oauth-server': ['protocol', 'crypto'],
  // types only, and by tests only
  'oauth-server-contract': ['oauth-server', 'protocol'],
  'oauth-server-pg': ['oauth-server', 'protocol', 'crypto', 'postgres'],
  // pg for its limits, which are counted in the database
  'oauth-server-fastify': ['oauth-server', 'oauth-server-pg', 'protocol', 'crypto', 'postgres'],
  'oauth-client': ['protocol', 'crypto', 'outbound-http'],
  // not service-kit: a stranger's Host must not inherit our sessions and pages
  'host-kit': [
    'oauth-server',
    'oauth-server-pg',
    'oauth-server-fastify',
    'protocol',
    'crypto',
    'outbound-http',
    'postgres',
  ],
  // outbound-http for its types only, see requester-kit-takes-types-only
  'requester-kit': ['oauth-client', 'protocol', 'crypto', 'outbound-http'],
  // crypto for the keys that a service keeps: what it signs with, what it seals with
  'service-kit': ['protocol', 'crypto', 'postgres'],
  // what our own services show as Hosts: the two together, which a stranger's Host is spared
  'host-pages': ['host-kit', 'service-kit'],
  // its ports are chosen as those of tests are
  'dev-postgres': ['test-kit'],
  'test-kit': [],
};

/** Features that may import other features of their service, one by one, each with its reason. */
const crossFeature = {
  // the Host's OpenAPI document describes its entries' API
  'host/oauth': ['entries'],
  // the decision is what the owner's rules say; hop 2 needs the link's token; what needs asking is a question; a batch is opened by a connection's token
  'am/transfer': ['rules', 'links', 'questions', 'connections'],
  // what Lifestream is a Host of is the posts kept there; the tick at connecting shares the same
  'requester/oauth': ['posts'],
  'requester/connect': ['posts'],
  // whoever is asked for consent is asked by one of the three ways in; its metadata names what connections and combined registration have beside the kernel's
  'am/oauth': ['consent', 'combined-registration', 'stock-clients', 'connections'],
  // consent says who asks, offers the owner's links and the Host that comes along, and writes rules for them
  'am/consent': ['rules', 'links', 'combined-registration', 'identity'],
  // behind code and refresh token stands the same transfer; its consent makes a connection as any other, shown in the Hosts' words
  'am/stock-clients': ['transfer', 'consent', 'links'],
  // a Host that a Requester brings along is linked as any other
  'am/combined-registration': ['links', 'linking'],
  // a question says who asks, and names scopes in the Host's words; an answer may be a rule
  'am/questions': ['links', 'rules', 'identity'],
  // what is made is a link; who uses it
  'am/linking': ['links', 'identity'],
  // each target is shown with the answer the rules give now; a connection's token opens it
  'am/targets': ['rules', 'connections'],
  // Hosts are told as the client they know us as, with the link's own secrets; links that were being made are resumed
  'am/jobs': ['links', 'linking'],
  // a connection is shown in the Hosts' words and with the answers the rules give, and what ended beside the links that ended
  'am/connections': ['rules', 'links', 'linking', 'identity'],
  // the front page is their digest
  'am/home': ['linking', 'connections', 'questions', 'timeline', 'identity'],
  // what happened is told in the Hosts' words
  'am/timeline': ['links'],
};

/** A path below node_modules, whether pnpm's store or a plain folder. */
const npm = (...names) => `(^|/)node_modules/(${names.join('|')})/`;

const packageRules = Object.entries(mayImport).map(([name, allowed]) => ({
  name: `${name}-imports-only-its-own`,
  severity: 'error',
  comment: `packages/${name} may import ${allowed.length === 0 ? 'nothing of ours' : allowed.join(', ')}.`,
  from: { path: `^packages/${name}/src/` },
  to: { path: '^(packages|services|e2e|bench|scripts)/', pathNot: `^packages/(${[name, ...allowed].join('|')})/` },
}));

/** A feature imports itself, deps, events, the service's generated client, and packages. */
const featureRule = (name, from, own, ...others) => ({
  name,
  severity: 'error',
  from,
  to: {
    path: '^services/$1/',
    pathNot: ['^services/$1/src/(deps|events)\\.tsx?$', '^services/$1/src/generated/', own, ...others],
  },
});
const featureOf = (key) => key.replace(/^([^/]+)\/(.+)$/, '^services/($1)/src/$2/');
const FEATURE = '^services/([^/]+)/src/([^/]+)/';
// a command line is a second app.ts: it may use every feature, and none knows it
const NOT_A_FEATURE = '^services/[^/]+/src/(generated|cli)/';

const featureRules = [
  featureRule(
    'a-feature-knows-only-itself',
    { path: FEATURE, pathNot: [NOT_A_FEATURE, ...Object.keys(crossFeature).map(featureOf)] },
    '^services/$1/src/$2/',
  ),
  ...Object.entries(crossFeature).map(([key, others]) =>
    featureRule(
      `${key.replace('/', '-')}-knows-only-its-own`,
      { path: featureOf(key) },
      ...[key.split('/')[1], ...others].map((feature) => `^services/$1/src/${feature}/`),
    ),
  ),
];

module.exports = {
  forbidden: [
    ...packageRules,
    {
      name: 'requester-kit-takes-types-only',
      severity: 'error',
      comment: 'requester-kit names the shape of an outbound client, its user brings the instance.',
      from: { path: '^packages/requester-kit/src/' },
      to: { path: '^packages/outbound-http/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'protocol-is-pure',
      severity: 'error',
      comment: 'protocol is what travels: the schema library and nothing else, no I/O.',
      from: { path: '^packages/protocol/src/' },
      to: { pathNot: ['^packages/protocol/src/', npm('zod')] },
    },
    {
      name: 'packages-are-entered-by-their-exports',
      severity: 'error',
      from: { path: '^(packages|services|examples)/([^/]+)/|^(e2e|bench|scripts)/' },
      to: {
        path: '^packages/([^/]+)/(src|dist|test)/',
        pathNot: ['^packages/$2/', '^packages/[^/]+/src/index\\.ts$'],
      },
    },
    {
      name: 'services-do-not-know-each-other',
      severity: 'error',
      comment: 'Separate processes that talk over HTTP only; tests of a service included.',
      from: { path: '^services/([^/]+)/' },
      to: { path: '^services/', pathNot: '^services/$1/' },
    },
    {
      name: 'only-tests-and-scripts-use-the-test-bench',
      severity: 'error',
      comment:
        'constellation, e2e, bench, scripts, the embedded Postgres, the test kit and the contract of storages may import anything and are imported by no sources.',
      from: {
        path: '^(packages|services)/[^/]+/src/',
        pathNot: '^packages/(constellation|dev-postgres|test-kit|oauth-server-contract)/',
      },
      to: { path: '^(packages/(constellation|dev-postgres|test-kit|oauth-server-contract)|e2e|bench|scripts)/' },
    },
    {
      name: 'examples-import-what-a-stranger-could',
      severity: 'error',
      comment: 'An example shows what somebody else would write: with the kits, and nothing else of ours.',
      from: { path: '^examples/([^/]+)/' },
      to: {
        path: '^(packages|services|examples|e2e|bench|scripts)/',
        pathNot: '^(examples/$1|packages/(host|requester)-kit)/',
      },
    },
    {
      name: 'sources-import-no-tests',
      severity: 'error',
      from: { path: '/src/' },
      to: { path: '^(packages|services)/[^/]+/test/' },
    },
    {
      name: 'jose-only-in-crypto',
      severity: 'error',
      comment: 'jose accepts much by default; packages/crypto wraps it strictly, once.',
      from: { path: '^(packages|services)/[^/]+/src/|^scripts/', pathNot: '^packages/crypto/src/' },
      to: { path: npm('jose') },
    },
    {
      name: 'undici-only-in-outbound-http',
      severity: 'error',
      comment: 'The one way out carries the SSRF guard.',
      from: { path: '^(packages|services)/[^/]+/src/', pathNot: '^packages/(outbound-http|constellation)/src/' },
      to: { path: npm('undici') },
    },
    {
      name: 'sockets-only-in-outbound-http',
      severity: 'error',
      comment: "Node's own clients would be a second way out. Types are free.",
      from: {
        path: '^(packages|services)/[^/]+/src/',
        pathNot: '^packages/(outbound-http|constellation|dev-postgres|service-kit|test-kit)/src/',
      },
      to: {
        path: '^(node:)?(http|https|http2|net|tls|dgram|dns|dns/promises)$',
        dependencyTypes: ['core'],
        dependencyTypesNot: ['type-only'],
      },
    },
    {
      name: 'pg-only-in-stores',
      severity: 'error',
      comment: 'SQL lives in store.ts. A deps.ts, a main.ts or host-kit may name the types.',
      from: {
        path: '^(packages|services)/[^/]+/src/',
        pathNot: [
          '^packages/(postgres|oauth-server-pg|dev-postgres|constellation)/src/',
          '^services/[^/]+/src/.*[/-]store\\.ts$',
          '^services/[^/]+/src/(deps|main|config)\\.ts$',
          '^packages/host-kit/src/',
        ],
      },
      to: { path: npm('pg', '@types/pg') },
    },
    {
      name: 'pg-types-only-outside-stores',
      severity: 'error',
      from: {
        path: ['^services/[^/]+/src/(deps|main|config)\\.ts$', '^packages/host-kit/src/'],
        pathNot: '^packages/host-kit/src/.*[/-]store\\.ts$',
      },
      to: { path: npm('pg', '@types/pg'), dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'no-framework-in-the-kernel-and-clients',
      severity: 'error',
      comment: 'oauth-server returns decisions; requester-kit is framework-free.',
      from: {
        path: '^packages/(protocol|crypto|outbound-http|oauth-server|oauth-client|requester-kit)/src/',
      },
      to: { path: npm('fastify', '@fastify/[^/]+', 'fastify-plugin', 'preact') },
    },
    {
      name: 'no-circle-between-features',
      severity: 'error',
      comment: 'Folders of a service know each other in one direction.',
      scope: 'folder',
      from: { path: '^services/[^/]+/src/' },
      to: { circular: true },
    },
    ...featureRules,
    {
      name: 'a-feature-takes-only-types-from-deps',
      severity: 'error',
      from: { path: FEATURE, pathNot: NOT_A_FEATURE },
      to: { path: '^services/$1/src/deps\\.ts$', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'only-app-imports-features',
      severity: 'error',
      comment: 'app.ts is the map of a service, cli.ts of its command line.',
      from: { path: '^services/([^/]+)/src/[^/]+\\.tsx?$', pathNot: '^services/[^/]+/src/(app|cli)\\.ts$' },
      to: { path: '^services/$1/src/[^/]+/', pathNot: '^services/$1/src/generated/' },
    },
    {
      name: 'no-cycles',
      severity: 'error',
      from: { path: '^(packages|services|examples)/', pathNot: '/src/generated/' },
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'resolvable',
      severity: 'error',
      from: { pathNot: '/src/generated/' },
      to: { couldNotResolve: true },
    },
    {
      name: 'sources-import-only-declared-dependencies',
      severity: 'error',
      comment: 'The kits are installed outside the workspace: what they import must be in their dependencies.',
      from: { path: '^(packages|services|examples)/[^/]+/src/' },
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'], dependencyTypesNot: ['type-only'] },
    },
  ],
  options: {
    // generated clients are followed to, not judged
    doNotFollow: { path: ['node_modules', '/src/generated/'] },
    exclude: { path: '^(packages|services)/[^/]+/dist/' },
    tsPreCompilationDeps: true,
    combinedDependencies: false,
    // sources, as in the tests: a package's exports carry the `source` condition
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['source', 'import', 'node', 'default', 'types'],
      mainFields: ['module', 'main', 'types'],
      extensions: ['.ts', '.tsx', '.js', '.cjs', '.mjs', '.json', '.d.ts'],
    },
    tsConfig: { fileName: 'tsconfig.base.json' },
  },
};
