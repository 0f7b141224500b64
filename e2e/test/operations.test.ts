import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { parseAllDocuments } from 'yaml';
import { FIELDS as am } from '../../services/am/src/config.ts';
import { FIELDS as bridge } from '../../services/bridge/src/config.ts';
import { FIELDS as host } from '../../services/host/src/config.ts';
import { FIELDS as requester } from '../../services/requester/src/config.ts';

interface Field {
  read(text: string): { kind: string; because?: string };
  fallback?: { value: string | number | boolean | object | null };
}
const SERVICES: Readonly<Record<string, Readonly<Record<string, Field>>>> = { am, host, requester, bridge };

const DOCUMENT = readFileSync(path.join(import.meta.dirname, '..', '..', 'docs', 'operations.md'), 'utf8');

interface Documented {
  readonly name: string;
  readonly services: readonly string[];
  /** The default, by service. */
  readonly fallback: (service: string) => string;
  readonly example: (service: string) => string;
}

const bare = (cell: string): string => cell.replaceAll('`', '').trim();

/** Reads a cell with one value for all services, or with `am …, host …`. */
function ofService(cell: string): (service: string) => string {
  const own = new Map(cell.split(',').map((part) => bare(part).split(' ') as [string, string]));
  return (service) => own.get(service) ?? bare(cell);
}

function documented(): Documented[] {
  const table = DOCUMENT.split('<!-- variables -->')[1]?.split('<!-- /variables -->')[0] ?? '';
  return table
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .map((line) => {
      const [, name = '', services = '', fallback = '', example = ''] = line.split(/(?<!\\)\|/);
      return {
        name: bare(name),
        services: bare(services) === 'all' ? Object.keys(SERVICES) : bare(services).split(' '),
        fallback: ofService(fallback),
        example: ofService(example),
      };
    });
}

/** How the table shows a default: a dash alone for what must be set, a dash and a word for what is off or empty. */
function shown(field: Field): RegExp {
  if (field.fallback === undefined) return /^–$/;
  const { value } = field.fallback;
  if (value === null || typeof value === 'object') return /^– \S/;
  return new RegExp(`^${String(value).replaceAll('.', '\\.')}$`);
}

const ROWS = documented();

describe('the table of variables', () => {
  test.each(Object.entries(SERVICES))('names every variable of the %s, and no other', (service, fields) => {
    const named = ROWS.filter(({ services }) => services.includes(service)).map(({ name }) => name);
    expect(named.toSorted()).toEqual(Object.keys(fields).toSorted());
  });

  test.each(ROWS.map((row) => [row.name, row] as const))(
    '%s has the default that it says, and an example that is read',
    (name, row) => {
      for (const service of row.services) {
        const field = SERVICES[service]?.[name];
        expect([service, row.fallback(service)]).toEqual([
          service,
          expect.stringMatching(field === undefined ? /$^/ : shown(field)),
        ]);
        expect([service, field?.read(row.example(service))]).toEqual([
          service,
          expect.objectContaining({ kind: 'value' }),
        ]);
      }
    },
  );
});

interface Manifest {
  kind: string;
  metadata: { name: string };
  data?: Record<string, string>;
  spec: Record<string, unknown>;
}
interface Deployed {
  replicas: number;
  selector: { matchLabels: Record<string, string> };
  template: {
    metadata: { labels: Record<string, string> };
    spec: {
      automountServiceAccountToken: boolean;
      terminationGracePeriodSeconds: number;
      securityContext: { runAsNonRoot: boolean };
      containers: Container[];
    };
  };
}
interface Container {
  image: string;
  envFrom: { configMapRef?: { name: string }; secretRef?: { name: string } }[];
  readinessProbe: { httpGet: { path: string } };
  livenessProbe: { httpGet: { path: string } };
  startupProbe: { httpGet: { path: string } };
  resources: { limits: { memory: string }; requests: { cpu: string; memory: string } };
  securityContext: {
    readOnlyRootFilesystem: boolean;
    allowPrivilegeEscalation: boolean;
    capabilities: { drop: string[] };
  };
}
interface Policy {
  podSelector: { matchExpressions?: { values: string[] }[] };
  policyTypes: string[];
  egress?: {
    to: { ipBlock?: { cidr: string; except: string[] }; namespaceSelector?: object }[];
    ports: { port: number }[];
  }[];
}

describe('infra/k8s', () => {
  const folder = path.join(import.meta.dirname, '..', '..', 'infra', 'k8s');
  const files = readdirSync(folder).filter((name) => name !== 'kustomization.yaml');
  const read = (name: string) =>
    parseAllDocuments(readFileSync(path.join(folder, name), 'utf8')).map((document) => {
      expect(document.errors).toEqual([]);
      return document.toJS() as Manifest;
    });
  const all = files.flatMap(read);
  const named = (kind: string, name: string) => all.find((one) => one.kind === kind && one.metadata.name === name);

  function deployed(service: string): Deployed {
    const found = named('Deployment', service);
    if (found === undefined) throw new Error(`no Deployment ${service}`);
    return found.spec as unknown as Deployed;
  }

  test('the base has every file', () => {
    const [base] = parseAllDocuments(readFileSync(path.join(folder, 'kustomization.yaml'), 'utf8'));
    const { resources = [] } = (base?.toJS() ?? {}) as { resources?: string[] };
    expect(resources.toSorted()).toEqual(files.toSorted());
  });

  test.each(Object.entries(SERVICES))(
    'the %s has all variables it needs, none it does not know, and examples that are read',
    (service, fields) => {
      const given = named('ConfigMap', service)?.data ?? {};
      for (const [name, text] of Object.entries(given))
        expect([name, fields[name]?.read(text)?.kind]).toEqual([name, 'value']);
      // PORT is set by the image
      const secret = ['DATABASE_URL', 'ENCRYPTION_KEY', 'PORT'];
      const needed = Object.entries(fields)
        .filter(([, { fallback }]) => fallback === undefined)
        .map(([name]) => name);
      expect(needed.filter((name) => !(name in given) && !secret.includes(name))).toEqual([]);
      expect(secret.filter((name) => name in given)).toEqual([]);
    },
  );

  test.each(Object.keys(SERVICES))('the %s believes nobody in the cluster before somebody names a proxy', (service) => {
    // a trusted proxy decides which address a request comes from, and thus whom it is counted against
    expect(named('ConfigMap', service)?.data).not.toHaveProperty('TRUSTED_PROXIES');
  });

  test.each(Object.keys(SERVICES))('the %s is probed, limited, without rights, and may end in time', (service) => {
    const { replicas, selector, template } = deployed(service);
    const { spec, metadata } = template;
    const [container] = spec.containers;
    expect(metadata.labels).toMatchObject(selector.matchLabels);
    expect([spec.automountServiceAccountToken, spec.securityContext.runAsNonRoot]).toEqual([false, true]);
    expect(spec.terminationGracePeriodSeconds).toBeGreaterThanOrEqual(
      Number(named('ConfigMap', service)?.data?.['STOP_NOTICE_SECONDS']) + 12,
    );
    expect(container).toMatchObject({
      image: `chatelaine-${service}`,
      envFrom: [{ configMapRef: { name: service } }, { secretRef: { name: service } }],
      readinessProbe: { httpGet: { path: '/readyz' } },
      livenessProbe: { httpGet: { path: '/healthz' } },
      startupProbe: { httpGet: { path: '/healthz' } },
      resources: { limits: { memory: expect.any(String) }, requests: { cpu: expect.any(String) } },
      securityContext: {
        readOnlyRootFilesystem: true,
        allowPrivilegeEscalation: false,
        capabilities: { drop: ['ALL'] },
      },
    });
    expect(named('PodDisruptionBudget', service) !== undefined).toBe(replicas > 1);
  });

  test('nothing is reached but names, Postgres, and https outside of private networks', () => {
    const policies = all.filter(({ kind }) => kind === 'NetworkPolicy').map(({ spec }) => spec as unknown as Policy);
    expect(policies).toContainEqual({ podSelector: {}, policyTypes: ['Ingress', 'Egress'] });
    const outward = policies.flatMap(({ egress = [] }) => egress);
    expect(outward.map(({ ports }) => ports.map(({ port }) => port))).toEqual([[53, 53], [5432], [443]]);
    const blocks = outward.flatMap(({ to }) => to).flatMap(({ ipBlock }) => ipBlock ?? []);
    for (const { except } of blocks)
      expect(except).toEqual(
        expect.arrayContaining(['10.0.0.0/8', '169.254.0.0/16', '172.16.0.0/12', '192.168.0.0/16']),
      );
    for (const { podSelector } of policies.slice(1))
      expect(podSelector.matchExpressions?.[0]?.values.toSorted()).toEqual(Object.keys(SERVICES).toSorted());
  });
});
