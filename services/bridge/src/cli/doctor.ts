import { createOutbound, type Outbound, OutboundError } from '@chatelaine/outbound-http';
import type { CommandResult } from '@chatelaine/service-kit';
import type { Config } from '../config.ts';
import { loadDefinitions, SHIPPED_DEFINITIONS } from '../definitions/load-definitions.ts';
import type { Service } from '../definitions/service.ts';
import { type Look, lookAtDatabase } from './look-store.ts';

/** The result of one check: whole sentences, and what to do if something is wrong. */
interface Finding {
  readonly kind: 'good' | 'careful' | 'wrong';
  readonly says: string;
}
const MARKS = { good: '  ok    ', careful: '  !     ', wrong: '  WRONG ' } as const;
const good = (says: string): Finding => ({ kind: 'good', says });
const careful = (says: string): Finding => ({ kind: 'careful', says });
const wrong = (says: string): Finding => ({ kind: 'wrong', says });

/** Checks a deployment from where the bridge runs. Changes nothing. */
export async function doctor(config: Config): Promise<CommandResult> {
  const services = await loadDefinitions([
    SHIPPED_DEFINITIONS,
    ...(config.definitions === null ? [] : [config.definitions]),
  ]);
  const ready = services.filter(({ id }) => config.clients.has(id));
  const findings = [
    good(`The configuration is complete: this is ${config.issuer}.`),
    ...ofServices(config, { services, ready }),
    ...(await ofOrigins(config, ready)),
    ...ofDatabase(await lookAtDatabase(config), ready),
  ];
  const bad = findings.filter(({ kind }) => kind === 'wrong').length;
  const verdict = bad === 0 ? 'Nothing is wrong.' : `${bad} of ${findings.length} checks found something wrong.`;
  const lines = [...findings.map(({ kind, says }) => `${MARKS[kind]}${says}`), verdict];
  return bad === 0 ? { lines } : { lines, verdict: 'wrong' };
}

function ofServices(
  { clients }: Config,
  { services, ready }: { services: readonly Service[]; ready: readonly Service[] },
): Finding[] {
  const unknown = [...clients.keys()].filter((id) => !services.some((service) => service.id === id));
  if (unknown.length > 0) return [wrong(`CLIENTS names ${unknown.join(', ')}, of which there is no definition.`)];
  if (ready.length === 0) return [wrong('CLIENTS has no client id: nobody can connect anything.')];
  const findings = [good(`People can connect ${titles(ready)}.`)];
  const others = services.filter((service) => !ready.includes(service));
  if (others.length > 0) findings.push(careful(`There is no client id for ${titles(others)}.`));
  return findings;
}

const titles = (services: readonly Service[]): string => services.map(({ title }) => title).join(', ');

/** Whether anything answers where requests are sent, and where credentials are obtained. */
async function ofOrigins({ exceptions, demo, issuer }: Config, ready: readonly Service[]): Promise<Finding[]> {
  const outbound = createOutbound({ exceptions, demo, ownNames: [new URL(issuer).hostname] });
  try {
    return await Promise.all(ready.map((service) => ofOrigin(outbound, service)));
  } finally {
    await outbound.close();
  }
}

async function ofOrigin(outbound: Outbound, { title, origin, oauth }: Service): Promise<Finding> {
  const places = new Set([origin, new URL(oauth.token_endpoint).origin]);
  for (const place of places) {
    try {
      const answer = await outbound.fetch(new URL(place), { method: 'HEAD', redirect: 'manual' });
      await answer.body?.cancel();
    } catch (error) {
      if (!(error instanceof OutboundError)) throw error;
      return wrong(`${title} cannot be reached from here (${place}: ${error.message}).`);
    }
  }
  return good(`${title} answers at ${[...places].join(' and ')}.`);
}

function ofDatabase(look: Look, ready: readonly Service[]): Finding[] {
  switch (look.kind) {
    case 'unusable':
      return [wrong(`The database cannot be used: ${look.reason}.`)];
    case 'behind':
      return [
        wrong(
          `${look.pending.length} migrations are not applied, first ${look.pending[0]}: ` +
            `run \`chatelaine-bridge migrate\`, or start the bridge.`,
        ),
      ];
    case 'seen': {
      const { connected, broken, undecryptable, stale } = look;
      const all = [...connected.values()].reduce((sum, count) => sum + count, 0);
      const lost = [...connected].filter(([id]) => !ready.some((service) => service.id === id));
      return [
        good(`The database answers, and all migrations are applied. ${all} accounts are connected.`),
        ...(undecryptable === 0
          ? []
          : [wrong(`${undecryptable} credentials cannot be decrypted with this ENCRYPTION_KEY.`)]),
        ...(stale === 0
          ? []
          : [
              careful(
                `${stale} secrets are encrypted with a previous key: run \`chatelaine-bridge rotate-keys encryption\`.`,
              ),
            ]),
        ...(broken === 0 ? [] : [careful(`${broken} are no longer accepted by their service: their owners see it.`)]),
        ...lost.map(([id, count]) =>
          wrong(`${count} accounts of ${id} can do nothing: it has no definition or client id.`),
        ),
      ];
    }
  }
}
