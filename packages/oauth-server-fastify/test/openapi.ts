import { beforeAll, describe, expect, test } from '@jest/globals';
import { Validator } from '@seriousme/openapi-schema-validator';
import { documented, identification } from './clients.ts';
import { push, requestOf } from './flow.ts';
import { postForm, send } from '@chatelaine/test-kit';
import type { Rig, Side } from './rig.ts';

interface Document {
  readonly paths: Record<
    string,
    Record<string, { requestBody?: { content: Record<string, { schema: { required?: string[] } }> } }>
  >;
}

type Paths = Readonly<
  Record<string, Readonly<Record<string, { responses: Readonly<Record<string, RefusalOfDocument>> }>>>
>;
interface RefusalOfDocument {
  readonly content?: { readonly 'application/json'?: { readonly examples?: Readonly<Record<string, unknown>> } };
}

/** The OpenAPI document is made of the schemas in use; here it is held against what the server does. */
export function openApi(rigOf: () => Rig): void {
  let rig: Rig;
  beforeAll(() => {
    rig = rigOf();
  });
  const documentOf = async (side: Side): Promise<Document> =>
    (await send(side.ports[0], { path: '/openapi.json' })).json as unknown as Document;

  describe('the OpenAPI document', () => {
    test('is a valid one, of AM and Host', async () => {
      for (const side of [rig.am, rig.host]) {
        const result = await new Validator().validate((await documentOf(side)) as unknown as Record<string, unknown>);
        expect(result).toMatchObject({ valid: true });
      }
    });

    test('has every endpoint of the metadata that programs call, and none that is not there', async () => {
      for (const side of [rig.am, rig.host]) {
        const { json } = await send(side.ports[0], { path: '/.well-known/oauth-authorization-server' });
        const listed = Object.entries(json)
          .filter(
            ([name]) =>
              name.endsWith('_endpoint') && name !== 'authorization_endpoint' && name !== 'chatelaine_targets_endpoint',
          )
          .map(([, url]) => String(url).slice(side.issuer.length));
        const { paths } = await documentOf(side);
        expect(Object.keys(paths)).toEqual(expect.arrayContaining(listed));
        for (const path of Object.keys(paths).filter((each) => !each.includes('{'))) {
          expect((await send(side.ports[0], { method: 'PUT', path })).status).toBe(405);
        }
      }
    });

    // last of what is asked of these servers: everything before it is looked at
    test('names every refusal that these servers gave, with its code', async () => {
      for (const side of [rig.am, rig.host]) {
        await postForm(side.ports[0], '/token', {});
        expect([...side.refusals].filter((refusal) => refusal.startsWith('POST /token '))).not.toEqual([]);
        const { paths } = (await documentOf(side)) as unknown as { paths: Paths };
        const named = new Set(
          Object.entries(paths).flatMap(([path, methods]) =>
            Object.entries(methods).flatMap(([method, { responses }]) =>
              Object.entries(responses).flatMap(([status, { content }]) =>
                Object.keys(content?.['application/json']?.examples ?? {}).map(
                  (code) => `${method.toUpperCase()} ${path} ${status} ${code}`,
                ),
              ),
            ),
          ),
        );
        const isDocumented = (refusal: string) => {
          const [method = '', path = ''] = refusal.split(' ');
          return paths[path]?.[method.toLowerCase()] !== undefined;
        };
        expect([...side.refusals].filter((refusal) => isDocumented(refusal) && !named.has(refusal))).toEqual([]);
      }
    });

    test('calls exactly those parameters of a pushed request required that are', async () => {
      const party = documented(rig, rig.host);
      const { paths } = await documentOf(rig.host);
      const required =
        paths['/par']?.['post']?.requestBody?.content['application/x-www-form-urlencoded']?.schema.required ?? [];
      const good = requestOf(rig.host, party);
      expect((await push(rig, rig.host, { party, form: good })).status).toBe(201);
      for (const name of required) {
        expect((await push(rig, rig.host, { party, form: { [name]: undefined } })).status).toBe(400);
      }
      expect(required.length).toBeGreaterThan(3);
    });

    test('says of revocation and introspection that they want a token, as they do', async () => {
      const party = documented(rig, rig.host);
      const { paths } = await documentOf(rig.host);
      for (const path of ['/revoke', '/introspect']) {
        const required =
          paths[path]?.['post']?.requestBody?.content['application/x-www-form-urlencoded']?.schema.required;
        expect(required).toEqual(['token']);
        const answer = await postForm(rig.host.ports[0], path, await identification(rig, rig.host, party));
        expect(answer.status).toBe(400);
      }
    });
  });
}
