import { type LookupFunction, Socket } from 'node:net';
import { getCACertificates } from 'node:tls';
import { buildConnector } from 'undici';
import type { SsrfPolicy } from './ssrf-policy.ts';
import { asOutboundError, OutboundError } from './outbound-error.ts';
import type { Resolve, ResolvedAddress } from './resolve.ts';

export interface ConnectorOptions {
  readonly policy: SsrfPolicy;
  readonly resolve: Resolve;
  readonly timeoutSeconds: number;
  /** PEM certificates of private authorities, trusted in addition to the public ones. */
  readonly ca?: string | readonly string[];
  /** Makes the connector that opens sockets; a test may pass one that connects elsewhere than it is told. */
  readonly build?: (options: buildConnector.BuildOptions) => buildConnector.connector;
}

/**
 * Opens connections for undici, and checks three times: the destination as undici names it; every address of its name,
 * all of which must be permitted and only these are tried; and the address at which the socket has connected.
 */
export function createConnector(options: ConnectorOptions): buildConnector.connector {
  const build = options.build ?? buildConnector;
  const trust = options.ca === undefined ? {} : { ca: [...getCACertificates('default'), ...[options.ca].flat()] };
  return (request, callback) => {
    connect().then(
      (socket) => callback(null, socket),
      (error: unknown) => callback(unsent(error), null),
    );

    async function connect(): Promise<Socket> {
      const { protocol, hostname, port } = request;
      const host = hostname.includes(':') && !hostname.startsWith('[') ? `[${hostname}]` : hostname;
      const verdict = options.policy.judge(new URL(`${protocol}//${host}${port === '' ? '' : `:${port}`}`));
      if (verdict.kind === 'refused') throw new OutboundError('refused', verdict.detail);
      const { permits, resolution } = verdict;
      const addresses =
        resolution === 'literal' ? [] : await inTime(options.resolve(verdict.host, resolution), options.timeoutSeconds);
      if (resolution !== 'literal' && addresses.length === 0)
        throw new OutboundError('unreachable', 'The name has no address.');
      // one address that is not permitted refuses the name, since we do not decide which one the connection uses
      if (!addresses.every(({ address }) => permits(address)))
        throw new OutboundError('refused', 'The name has an address that is not permitted.');
      const open = build({
        ...trust,
        // explicit, so that no environment variable overrides it
        rejectUnauthorized: true,
        minVersion: 'TLSv1.2',
        allowH2: false,
        maxCachedSessions: 0,
        timeout: options.timeoutSeconds * 1000,
        autoSelectFamily: true,
        lookup: pinned(addresses),
      });
      const socket = await new Promise<Socket>((resolve, reject) => {
        // on failure undici omits the second argument, whatever its types say
        open(request, (error, opened) => (opened instanceof Socket ? resolve(opened) : reject(error)));
      });
      if (socket.remoteAddress !== undefined && permits(socket.remoteAddress)) return socket;
      socket.destroy();
      throw new OutboundError('refused', 'The connection ended at an address that is not permitted.');
    }
  };
}

/** A failure to connect: nothing has been sent, because requests are written once there is a connection. */
function unsent(error: unknown): OutboundError {
  const { reason, message } = asOutboundError(error);
  return new OutboundError(reason, message, { unsent: true });
}

/** A name server that does not answer must not keep a connection waiting, or `close()`. */
function inTime<T>(promise: Promise<T>, seconds: number): Promise<T> {
  return new Promise((resolve, reject) => {
    const late = () => reject(new OutboundError('timeout', 'The name was not resolved in time.'));
    const timer = setTimeout(late, seconds * 1000);
    promise.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}

/** A DNS lookup that returns the addresses already checked. A second query could get another answer (DNS rebinding). */
function pinned(addresses: readonly ResolvedAddress[]): LookupFunction {
  return (_host, { all }, callback) => {
    const [first] = addresses;
    if (first === undefined) callback(new Error('no address'), '', 4);
    else if (all === true) callback(null, [...addresses]);
    else callback(null, first.address, first.family);
  };
}
