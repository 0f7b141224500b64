// Who may import whom: the tables that `.dependency-cruiser.cjs` enforces. docs/architecture.md says why.

/** Package → the packages of ours its sources may import. What is not listed is forbidden. */
exports.mayImport = {
  protocol: [],
  crypto: ['protocol'],
  // strict JSON parser
  'outbound-http': ['protocol'],
  postgres: [],
  'oauth-server': ['protocol', 'crypto'],
  // types only, and by tests only
  'oauth-server-contract': ['oauth-server', 'protocol'],
  'oauth-server-pg': ['oauth-server', 'protocol', 'crypto', 'postgres'],
  // postgres and oauth-server-pg: rate limits are counted in the database
  'oauth-server-fastify': ['oauth-server', 'oauth-server-pg', 'protocol', 'crypto', 'postgres'],
  'oauth-client': ['protocol', 'crypto', 'outbound-http'],
  // not ui, accounts, keys or service-kit: somebody else's Host must not get our sessions and pages
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
  // for our own services only, from the bottom up: no kit imports one of these
  telemetry: ['crypto', 'postgres'],
  ui: ['protocol', 'crypto', 'postgres', 'telemetry'],
  // outbound-http: the exceptions to its checks are configuration
  'service-kit': ['protocol', 'outbound-http', 'postgres', 'telemetry', 'ui'],
  keys: ['protocol', 'crypto', 'postgres', 'service-kit'],
  accounts: ['protocol', 'crypto', 'postgres', 'ui', 'service-kit', 'keys'],
  // the pages of our own Hosts
  'host-pages': ['host-kit', 'ui', 'accounts'],
  // chooses ports as tests do
  'dev-postgres': ['test-kit'],
  // its small AM signs JWTs
  'test-kit': ['protocol', 'crypto'],
  'stand-in-services': [],
};

/** Features that may import other features of their service: each with the reason for each of them. */
exports.crossFeature = {
  // the Host's OpenAPI document describes the API of its entries
  'host/oauth': ['entries'],
  // a service definition says how to call the service
  'bridge/upstream': ['definitions'],
  // connecting an account calls the service that the definition describes
  'bridge/connections': ['definitions', 'upstream'],
  // a request is matched with the definition, and sent with the account's credential
  'bridge/proxy': ['definitions', 'upstream'],
  // the OpenAPI document is written from the definitions; an owner shares scopes of the accounts that are connected
  'bridge/oauth': ['definitions', 'upstream'],
  // decide.ts evaluates rules; hop 2 needs the link's token and the gate to its Host; `ask` opens a question; a batch
  // call shows a connection's token
  'am/transfer': ['rules', 'links', 'questions', 'connections'],
  // posts are the resource that Lifestream serves as a Host
  'requester/oauth': ['posts'],
  // connecting may share them as well (combined registration)
  'requester/connect': ['posts'],
  // an account is deleted when its connections have ended, under the lock on its owner's row; its page leads to the
  // settings of notices
  'am/account': ['connections', 'links', 'notices'],
  // an account's export contains its posts
  'requester/account': ['posts'],
  // the authorization endpoint shows one of three consent pages; the metadata lists the endpoints of connections
  'am/oauth': ['consent', 'combined-registration', 'stock-clients', 'connections'],
  // the consent page shows who asks, with an icon, the terms to be signed, the owner's links, and the Host that comes
  // along; the answer makes or widens a connection, and its rules
  'am/consent': ['rules', 'links', 'combined-registration', 'identity', 'terms', 'connections', 'icons'],
  // a code or refresh token gets a transfer; the consent page is made of the same parts, and its answer makes a
  // connection
  'am/stock-clients': ['transfer', 'consent', 'connections', 'links', 'terms', 'identity', 'icons'],
  // the Host that a Requester brings along is linked like any other
  'am/combined-registration': ['links', 'linking'],
  // a question says who asks, and describes scopes in the Host's words; an answer may become a rule or a stop; a new
  // question is a reason for a notice
  'am/questions': ['links', 'rules', 'identity', 'connections', 'notices'],
  // linking makes links; a link's card lists the apps that use it
  'am/linking': ['links', 'identity'],
  // each target is listed with the verdict of the rules; a connection's token gives access
  'am/targets': ['rules', 'connections'],
  // a refusal is explained by the error that it was; a connection's token gives access
  'am/refusals': ['transfer', 'connections'],
  // jobs revoke at Hosts with a link's secrets, resume links that are being made, and fetch icons
  'am/jobs': ['links', 'linking', 'icons'],
  // stopping locks the owner's row; widening a connection writes a rule for each scope
  'am/connections': ['links', 'rules'],
  // an app is its connections, with their rules, terms and links, and with the links that ended
  'am/apps': ['connections', 'rules', 'links', 'linking', 'identity', 'terms'],
  // a trial decides as a transfer would, for an app's connections and links
  'am/rulebook': ['rules', 'transfer', 'apps', 'connections', 'links', 'identity'],
  // terms are put in force under the lock on the owner's row
  'am/terms': ['links'],
  // a Requester signs its owner's terms; a connection's token gives access
  'am/agreements': ['terms', 'connections'],
  // the front page summarizes these features
  'am/home': ['linking', 'apps', 'questions', 'timeline', 'identity'],
  // entries describe scopes in the Host's words, apps by their owner's names, and the rules that decided; the export
  // contains the checkpoints
  'am/timeline': ['links', 'rules', 'checkpoints', 'identity'],
  // before activity is deleted, that is recorded in the owner's chain
  'am/retention': ['checkpoints'],
};
