// Who may import whom: the tables that `.dependency-cruiser.cjs` enforces. docs/architecture.md says why.

/** Package → the packages of ours its sources may import. What is not listed is forbidden. */
exports.mayImport = {
  protocol: [],
  crypto: ['protocol'],
  // for the strict JSON parser
  'outbound-http': ['protocol'],
  postgres: [],
  'oauth-server': ['protocol', 'crypto'],
  // types only, and by tests only
  'oauth-server-contract': ['oauth-server', 'protocol'],
  'oauth-server-pg': ['oauth-server', 'protocol', 'crypto', 'postgres'],
  // pg for its limits, which are counted in the database
  'oauth-server-fastify': ['oauth-server', 'oauth-server-pg', 'protocol', 'crypto', 'postgres'],
  'oauth-client': ['protocol', 'crypto', 'outbound-http'],
  // not ui, accounts, keys or service-kit: a stranger's Host must not inherit our sessions and pages
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
  // what our own services are made of, from the bottom up; a stranger's Host or Requester inherits none of it
  telemetry: ['postgres'],
  ui: ['protocol', 'crypto', 'postgres', 'telemetry'],
  // outbound-http for the exceptions to its guard, which are configuration
  'service-kit': ['protocol', 'outbound-http', 'postgres', 'telemetry', 'ui'],
  keys: ['protocol', 'crypto', 'postgres', 'service-kit'],
  accounts: ['protocol', 'crypto', 'postgres', 'ui', 'service-kit', 'keys'],
  // what our own services show as Hosts
  'host-pages': ['host-kit', 'ui', 'accounts'],
  // its ports are chosen as those of tests are
  'dev-postgres': ['test-kit'],
  // an AM of a few lines signs what it sends
  'test-kit': ['protocol', 'crypto'],
  'stand-in-services': [],
};

/** Features that may import other features of their service, one by one, each with its reason. */
exports.crossFeature = {
  // the Host's OpenAPI document describes its entries' API
  'host/oauth': ['entries'],
  // a definition says what may be sent where; who calls a service is a party there, with an account of its owner's
  'bridge/upstream': ['definitions'],
  'bridge/connections': ['definitions', 'upstream'],
  'bridge/proxy': ['definitions', 'upstream'],
  'bridge/oauth': ['definitions', 'upstream'],
  // the decision is what the owner's rules say; hop 2 needs the link's token; what needs asking is a question; a batch
  // is opened by a connection's token
  'am/transfer': ['rules', 'links', 'questions', 'connections'],
  // what Lifestream is a Host of is the posts kept there; the tick at connecting shares the same
  'requester/oauth': ['posts'],
  'requester/connect': ['posts'],
  // its page leads to what its owner is told of; whoever signs up becomes an owner; an account is deleted when
  // everything of its owner has ended, under the owner's
  // lock
  'am/account': ['connections', 'links', 'notices'],
  // whose account it is may take along what they keep
  'requester/account': ['posts'],
  // whoever is asked for consent is asked by one of the three ways in; its metadata names what connections and combined
  // registration have beside the kernel's
  'am/oauth': ['consent', 'combined-registration', 'stock-clients', 'connections'],
  // consent says who asks, which terms it is to sign, offers the owner's links and the Host that comes along, and
  // writes rules for them
  'am/consent': ['rules', 'links', 'combined-registration', 'identity', 'terms', 'connections', 'icons'],
  // behind code and refresh token stands the same transfer; its consent makes a connection as any other, shown in the
  // Hosts' words, of an app that its owner may call something
  'am/stock-clients': ['transfer', 'consent', 'connections', 'links', 'terms', 'identity', 'icons'],
  // a Host that a Requester brings along is linked as any other
  'am/combined-registration': ['links', 'linking'],
  // a question says who asks, and names scopes in the Host's words; an answer may be a rule, or a stop; its
  // owner is told of it
  'am/questions': ['links', 'rules', 'identity', 'connections', 'notices'],
  // what is made is a link; who uses it
  'am/linking': ['links', 'identity'],
  // each target is shown with the answer the rules give now; a connection's token opens it
  'am/targets': ['rules', 'connections'],
  // a refusal is explained by the error that it was; a connection's token opens it
  'am/refusals': ['transfer', 'connections'],
  // Hosts are told as the client they know us as, with the link's own secrets; links that were being made are resumed;
  // icons are
  // fetched
  'am/jobs': ['links', 'linking', 'icons'],
  // stopping waits for the owner's row; what is added to a connection has a rule for each scope
  'am/connections': ['links', 'rules'],
  // an app is its connections, shown in the Hosts' words, with the answers the rules give and the terms it signed, and
  // what ended of it beside the links that ended
  'am/apps': ['connections', 'rules', 'links', 'linking', 'identity', 'terms'],
  // what would be decided for an app is decided as for its transfers, and told beside its rules
  'am/rulebook': ['rules', 'transfer', 'apps', 'connections', 'links', 'identity'],
  // fresh terms are put in force under the owner's row, as whatever changes what they decided
  'am/terms': ['links'],
  // what a Requester signs are an owner's terms; a connection's token opens it
  'am/agreements': ['terms', 'connections'],
  // the front page is their digest
  'am/home': ['linking', 'apps', 'questions', 'timeline', 'identity'],
  // what happened is told in the Hosts' words and by what the owner calls apps, and by which rules; it is taken away
  // with its checkpoints
  'am/timeline': ['links', 'rules', 'checkpoints', 'identity'],
  // what is deleted of activity is said beforehand where it can be proved
  'am/retention': ['checkpoints'],
};
