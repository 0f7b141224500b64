import { createOutbound, type Outbound, ownRanges } from '@chatelaine/outbound-http';
import type { Config } from '../config.ts';
import { publishedKids } from './check-database-store.ts';
import { careful, type Finding, good, wrong } from './finding.ts';

/** Whether an AM answers at the issuer, and whether it is the one of this configuration. */
export async function checkIssuer(config: Config): Promise<Finding[]> {
  const outbound = createOutbound({ exceptions: await towards(config.issuer), demo: config.demo });
  try {
    return [await metadata(outbound, config), await keySet(outbound, config)];
  } finally {
    await outbound.close();
  }
}

/** The issuer may resolve to an internal address on this machine, so that address is allowed. */
async function towards(issuer: string) {
  const { hostname, port, protocol } = new URL(issuer);
  const scheme = protocol === 'https:' ? ('https' as const) : ('http' as const);
  const at = { host: hostname, port: port === '' ? (scheme === 'https' ? 443 : 80) : Number(port), scheme };
  return (await ownRanges(hostname)).map((cidr) => ({ ...at, cidr }));
}

async function metadata(outbound: Outbound, { issuer }: Config): Promise<Finding> {
  const url = `${issuer}/.well-known/oauth-authorization-server`;
  const answer = await outbound.fetchJson({ url });
  if (answer.kind === 'failed')
    return wrong(
      `The AM is not reachable at its issuer from here (${url}: ${answer.detail}). ` +
        'Is it up, does the name resolve, does the proxy send it on?',
    );
  const said = (answer.json as { issuer?: unknown } | null)?.issuer;
  return said === issuer
    ? good('The AM answers at its issuer, and says that it is the issuer.')
    : wrong(
        `At ${issuer} somebody answers who says to be ${JSON.stringify(said)}. ` +
          'ISSUER and the proxy do not fit together.',
      );
}

async function keySet(outbound: Outbound, config: Config): Promise<Finding> {
  const answer = await outbound.fetchJson({ url: `${config.issuer}/jwks`, accept: 'application/jwk-set+json' });
  if (answer.kind === 'failed') return careful('The keys at the issuer could not be compared with the database.');
  const { keys = [] } = answer.json as { keys?: { kid?: unknown }[] };
  const published = new Set(keys.map(({ kid }) => kid));
  const stored = await publishedKids(config).catch(() => null);
  if (stored === null) return careful('The keys at the issuer could not be compared with the database.');
  return stored.every((kid) => published.has(kid))
    ? good('The keys at the issuer are those of this database.')
    : wrong(
        'The keys at the issuer are not those of this database: ' +
          'whoever answers there uses another one, or has not read its keys for a while.',
      );
}
