// The dependency rules that `pnpm verify` enforces. Which package and which feature may import which is in the tables
// of
// may-import.cjs; docs/architecture.md says why.

const { crossFeature, mayImport } = require('./may-import.cjs');

/** A path below node_modules, whether pnpm's store or a plain folder. */
const npm = (...names) => `(^|/)node_modules/(${names.join('|')})/`;

const packageRules = Object.entries(mayImport).map(([name, allowed]) => ({
  name: `${name}-imports-only-its-own`,
  severity: 'error',
  comment: `packages/${name} may import ${allowed.length === 0 ? 'nothing of ours' : allowed.join(', ')}.`,
  from: { path: `^packages/${name}/src/` },
  to: { path: '^(packages|services|e2e|bench|scripts)/', pathNot: `^packages/(${[name, ...allowed].join('|')})/` },
}));

/** A feature imports itself, deps, the service's generated client, and packages. */
const featureRule = (name, from, own, ...others) => ({
  name,
  severity: 'error',
  from,
  to: {
    path: '^services/$1/',
    pathNot: ['^services/$1/src/deps\\.tsx?$', '^services/$1/src/generated/', own, ...others],
  },
});
const featureOf = (key) => key.replace(/^([^/]+)\/(.+)$/, '^services/($1)/src/$2/');
const FEATURE = '^services/([^/]+)/src/([^/]+)/';
// a command line may import every feature, as app.ts may, and no feature imports it
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
      comment: 'requester-kit uses the type of an outbound client; the app that uses the kit passes the instance.',
      from: { path: '^packages/requester-kit/src/' },
      to: { path: '^packages/outbound-http/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'protocol-is-pure',
      severity: 'error',
      comment: 'protocol declares messages. It imports the schema library and nothing else, and does no I/O.',
      from: { path: '^packages/protocol/src/' },
      to: { pathNot: ['^packages/protocol/src/', npm('zod')] },
    },
    {
      name: 'packages-are-entered-by-their-exports',
      severity: 'error',
      from: { path: '^(packages|services|examples)/([^/]+)/|^(e2e|bench|scripts)/' },
      to: {
        path: '^packages/([^/]+)/(src|dist|test)/',
        // the mail server is an entry of its own: few tests need it, and it takes a while to load
        pathNot: ['^packages/$2/', '^packages/[^/]+/src/index\\.ts$', '^packages/test-kit/src/mail-server\\.ts$'],
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
        'constellation, e2e, bench, scripts, the embedded Postgres, the test kit, the contract of storages ' +
        'and the stand-ins of services may import anything and are imported by no sources.',
      from: {
        path: '^(packages|services)/[^/]+/src/',
        pathNot: '^packages/(constellation|dev-postgres|test-kit|oauth-server-contract|stand-in-services)/',
      },
      to: {
        path:
          '^(packages/(constellation|dev-postgres|test-kit|oauth-server-contract|stand-in-services)|' +
          'e2e|bench|scripts)/',
      },
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
      name: 'jose-only-in-tests',
      severity: 'error',
      comment: 'jose accepts much by default; packages/crypto is the one strict way to sign and verify (ADR 0046).',
      from: { path: '^(packages|services)/[^/]+/src/|^scripts/' },
      to: { path: npm('jose') },
    },
    {
      name: 'undici-only-in-outbound-http',
      severity: 'error',
      comment: 'Only outbound-http opens connections, because it checks every destination (SSRF).',
      // constellation is for tests: its `fetch` finds `*.localhost`
      from: { path: '^(packages|services)/[^/]+/src/', pathNot: '^packages/(outbound-http|constellation)/src/' },
      to: { path: npm('undici') },
    },
    {
      name: 'sockets-only-in-outbound-http',
      severity: 'error',
      comment: "Node's own clients would connect without those checks. Types may be imported.",
      from: {
        path: '^(packages|services)/[^/]+/src/',
        // service-kit and telemetry only listen; the others, besides outbound-http, are for tests and `npm start`
        pathNot:
          '^packages/(outbound-http|constellation|dev-postgres|service-kit|telemetry|test-kit|stand-in-services)/src/',
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
      comment: 'SQL is in stores only. deps.ts, main.ts, config.ts and host-kit may import types.',
      from: {
        path: '^(packages|services)/[^/]+/src/',
        // the first two own SQL, the next two are for tests; deps, main, config and host-kit import types (see the next
        // rule)
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
      name: 'prisma-only-in-stores',
      severity: 'error',
      comment:
        "Prisma's model calls are in stores, like SQL (docs/adr/0020). " +
        'deps.ts and database.ts create the client and import its type.',
      from: {
        path: '^(packages|services)/[^/]+/src/',
        pathNot: [
          '/src/generated/',
          '^packages/dev-postgres/src/',
          '^services/[^/]+/src/.*[/-]store\\.ts$',
          '^services/[^/]+/src/(deps|database)\\.ts$',
        ],
      },
      to: { path: [npm('@prisma/[^/]+'), '/src/generated/prisma/'] },
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
      comment: 'Features of a service import each other in one direction only.',
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
      // the bridge reads its service definitions when it starts, and they are among its deps
      to: {
        path: '^services/$1/src/[^/]+/',
        pathNot: ['^services/$1/src/generated/', '^services/bridge/src/definitions/'],
      },
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
    // imports of generated clients are seen; those in them are not
    doNotFollow: { path: ['node_modules', '/src/generated/'] },
    exclude: { path: '^(packages|services)/[^/]+/dist/' },
    tsPreCompilationDeps: true,
    combinedDependencies: false,
    // packages resolve to their sources, by the `source` condition of their exports, as in tests
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['source', 'import', 'node', 'default', 'types'],
      mainFields: ['module', 'main', 'types'],
      extensions: ['.ts', '.tsx', '.js', '.cjs', '.mjs', '.json', '.d.ts'],
    },
    tsConfig: { fileName: 'tsconfig.base.json' },
  },
};
