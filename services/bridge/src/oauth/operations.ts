import type { ApiOperation } from '@chatelaine/host-kit';
import { lineOf, type Service } from '../definitions/index.ts';

type Method = ApiOperation['method'];

/** Every request that some scope allows, for the OpenAPI document. */
export function operationsOf(services: readonly Service[]): ApiOperation[] {
  return services.flatMap(({ id, title, rules }) =>
    rules.map((rule): ApiOperation => {
      const [method = '', path = ''] = lineOf(rule).split(' ');
      return {
        method: method.toLowerCase() as Method,
        path: `/api/${id}${path}`,
        summary: `Passed on to ${title} (scope ${rule.scope})`,
        security: 'dpop',
        answer: { status: 200, description: `What ${title} answers` },
        codes: ['invalid_request', 'insufficient_scope'],
        errors: [400, 401, 403, 404, 429, 502, 503, 504],
      };
    }),
  );
}
