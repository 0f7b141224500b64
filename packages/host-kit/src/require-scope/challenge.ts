import { type ErrorCode, type ResourceUrl, resourceMetadataUrl, SIGNING_ALGS } from '@chatelaine/protocol';
import type { HostSettings } from '../options.ts';

/** The error of a refused request; absent if it carried no token. RFC 6750 §3.1. */
export interface Fault {
  readonly error: ErrorCode;
  readonly description: string;
}

/**
 * `WWW-Authenticate` of a 401 or 403: where to learn who issues tokens (RFC 9728 §5.1), for which scope, and the
 * algorithms for the proof (RFC 9449 §7.1). A Host that also mints bearer tokens has a second challenge that says so,
 * and sends it first: clients that know only Bearer read no further than the first.
 */
export function challenge(
  settings: Pick<HostSettings, 'bearer'>,
  input: { resource: ResourceUrl; scope: string; fault: Fault | null },
): string[] {
  const { resource, scope, fault } = input;
  const common = [
    ...(fault === null ? [] : [quoted('error', fault.error), quoted('error_description', fault.description)]),
    quoted('scope', scope),
    quoted('resource_metadata', resourceMetadataUrl(resource)),
  ];
  const dpop = `DPoP ${[...common, quoted('algs', SIGNING_ALGS.join(' '))].join(', ')}`;
  // errors about the proof mean nothing to a bearer client
  const about = fault?.error === 'invalid_dpop_proof' ? common.slice(2) : common;
  return settings.bearer ? [`Bearer ${about.join(', ')}`, dpop] : [dpop];
}

/** All values are our own and contain neither quotes nor backslashes. RFC 9110 §5.6.4. */
function quoted(name: string, value: string): string {
  return `${name}="${value}"`;
}
