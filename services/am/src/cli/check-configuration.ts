import { statfs } from 'node:fs/promises';
import { describeException, type OutboundException } from '@chatelaine/outbound-http';
import type { Config } from '../config.ts';
import { careful, type Finding, good, wrong } from './finding.ts';

const LEAST_FREE = 0.05;

/** Checks the configuration for what does not prevent the AM from starting. */
export async function checkConfiguration(config: Config): Promise<Finding[]> {
  const findings: Finding[] = [good(`The configuration is complete: this is ${config.issuer}.`)];
  if (config.demo)
    findings.push(
      careful(
        'DEMO is true: http issuers and names under localhost are let through. It is for one machine, not for people.',
      ),
    );
  if (config.trustedProxies.length === 0)
    findings.push(
      careful('TRUSTED_PROXIES is empty: behind a proxy all visitors have one address, and share its limits.'),
    );
  findings.push(...config.exceptions.flatMap((exception) => dangersOf(exception, config)));
  const { bavail, blocks } = await statfs('/');
  if (blocks > 0 && bavail / blocks < LEAST_FREE)
    findings.push(wrong('The disk of this machine is almost full: less than a twentieth is free.'));
  return findings;
}

/** Networks with services that trust whoever can reach them. */
const INNER: readonly (readonly [name: string, address: RegExp])[] = [
  ['this machine itself', /^(127\.|::1$)/],
  ['the metadata service of clouds', /^169\.254\./],
  ['a private network', /^(10|192\.168|172\.(1[6-9]|2\d|3[01]))\./],
  ['a private network', /^f[cd][0-9a-f]{2}:/],
];
const SMALLEST_WHOLE_NETWORK = 8;

function dangersOf(exception: OutboundException, { demo }: Config): Finding[] {
  const what = `OUTBOUND_EXCEPTIONS lets ${describeException(exception)} through`;
  const [address = '', bits = '32'] = exception.cidr.split('/');
  if (Number(bits) < SMALLEST_WHOLE_NETWORK)
    return [wrong(`${what}: that is most of the network. Name the range that the Host is in.`)];
  if (demo) return [];
  const findings: Finding[] = [];
  if (exception.scheme === 'http')
    findings.push(wrong(`${what} without TLS: whoever is on the way reads and changes what is sent.`));
  const inner = INNER.find(([, network]) => network.test(address));
  if (inner !== undefined)
    findings.push(careful(`${what}: that is ${inner[0]}. Whoever adds a Host of that name makes the AM ask there.`));
  return findings;
}
