import { type LookupFunction, Socket } from 'node:net';
import { getCACertificates } from 'node:tls';
import { buildConnector } from 'undici';
import type { Guard } from './guard.ts';
import { asOutboundError, OutboundError } from './outbound-error.ts';
import type { Resolve, ResolvedAddress } from './resolve.ts';

export interface ConnectorOptions {
  readonly guard: Guard;
  readonly resolve: Resolve;
  readonly timeoutSeconds: number;
  /** PEM certificates of private authorities, trusted beside the public ones. */
  readonly ca?: string | readonly string[];
  /** Makes the connector below the guard; tests put a lying one here. */
  readonly build?: (options: buildConnector.BuildOptions) => buildConnector.connector;
}

/**
 * Opens connections for undici, guarded three times: the destination is judged again as undici names it, every address
 * its name has must be permitted and only those are tried, and the address the socket ends at must be permitted too.
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
      const verdict = options.guard.judge(new URL(`${protocol}//${host}${port === '' ? '' : `:${port}`}`));
      if (verdict.kind === 'refused') throw new OutboundError('refused', verdict.detail);
      const { permits, resolution } = verdict;
      const addresses =
        resolution === 'literal' ? [] : await inTime(options.resolve(verdict.host, resolution), options.timeoutSeconds);
      if (resolution !== 'literal' && addresses.length === 0)
        throw new OutboundError('unreachable', 'The name has no address.');
      // one bad address spoils the name: which one a connection takes is not ours to hope
      if (!addresses.every(({ address }) => permits(address)))
        throw new OutboundError('refused', 'The name has an address that is not permitted.');
      const open = build({
        ...trust,
        // said outright, so that no environment variable can say otherwise
        rejectUnauthorized: true,
        minVersion: 'TLSv1.2',
        allowH2: false,
        maxCachedSessions: 0,
        timeout: options.timeoutSeconds * 1000,
        autoSelectFamily: true,
        lookup: pinned(addresses),
      });
      const socket = await new Promise<Socket>((resolve, reject) => {
        // on failure undici leaves the second argument out, whatever its types say
        open(request, (error, opened) => (opened instanceof Socket ? resolve(opened) : reject(error)));
      });
      if (socket.remoteAddress !== undefined && permits(socket.remoteAddress)) return socket;
      socket.destroy();
      throw new OutboundError('refused', 'The connection ended at an address that is not permitted.');
    }
  };
}

/** Requests are written once there is a connection. */
function unsent(error: unknown): OutboundError {
  const { reason, message } = asOutboundError(error);
  return new OutboundError(reason, message, { unsent: true });
}

/** A name server that does not answer must not keep a connection waiting, nor `close()`. */
function inTime<T>(promise: Promise<T>, seconds: number): Promise<T> {
  return new Promise((resolve, reject) => {
    const late = () => reject(new OutboundError('timeout', 'The name was not resolved in time.'));
    const timer = setTimeout(late, seconds * 1000);
    promise.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}

/** A look-up that knows only the addresses already checked: a second answer of DNS is never asked for. */
function pinned(addresses: readonly ResolvedAddress[]): LookupFunction {
  return (_host, { all }, callback) => {
    const [first] = addresses;
    if (first === undefined) callback(new Error('no address'), '', 4);
    else if (all === true) callback(null, [...addresses]);
    else callback(null, first.address, first.family);
  };
}
