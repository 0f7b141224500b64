import { LIMIT } from '@chatelaine/protocol';
import { Badge, Button, ButtonRow, Card, Day, Form, List, Row } from '@chatelaine/ui';
import type { VNode } from 'preact';
import type { Deps, ServedTerms } from '../deps.ts';
import { type PastProffer, readPastProffers } from './app-store.ts';
import { choicesWith } from './choice.ts';
import { titleOf } from './documents.ts';
import { TermsFields } from './terms-choice.tsx';

/** What one app has been offered and has signed. */
export interface AppTermsView {
  /** Any of its connections. */
  readonly id: string;
  readonly clientName: string;
  readonly canSign: boolean;
  readonly proffers: readonly PastProffer[];
  /** The title of every document that is named, by the document's name. */
  readonly titles: ReadonlyMap<string, string>;
  readonly choices: readonly ServedTerms[];
  /** For the names of documents that are offered now, their newer versions. */
  readonly newer: ReadonlyMap<string, ServedTerms>;
}

/**
 * Whether an app could sign: its client authenticates with keys of its own, and uses token exchange. PROTOCOL §10.5.
 */
export const couldSign = (of: {
  clientId: string;
  isProven: boolean | null;
  connections: readonly { resource: string | null }[];
}): boolean =>
  of.isProven === true &&
  of.connections.some(({ resource }) => resource === null) &&
  of.clientId.length <= LIMIT.signerIdChars;

/** Reads the terms of an app of this owner, even if the app has no live connection. */
export async function readAppTerms(
  deps: Pick<Deps, 'pool' | 'terms'>,
  input: { id: string; clientName: string; canSign: boolean; ownerId: string },
): Promise<AppTermsView> {
  const { id, clientName, canSign, ownerId } = input;
  const proffers = await readPastProffers(deps.pool, { id, ownerId });
  const current = [...new Set(proffers.filter(({ isCurrent }) => isCurrent).flatMap(({ terms }) => terms))];
  const names = [...new Set(proffers.flatMap(({ terms }) => terms))];
  const named = (await Promise.all(names.map((name) => deps.terms.find(name)))).filter((one) => one !== null);
  return {
    id,
    clientName,
    canSign,
    proffers,
    titles: new Map(named.map((one) => [one.name, titleOf(one)])),
    choices: await choicesWith(deps.terms, current),
    newer: new Map(
      current.flatMap((name) => {
        const newer = deps.terms.newerThan(name);
        return newer === null ? [] : [[name, newer] as const];
      }),
    ),
  };
}

/** On the app's page: what it has signed, what it is asked to sign, and the records. */
export function AppTerms({ view }: { view: AppTermsView }): VNode {
  const { id, clientName, canSign, proffers, titles, choices, newer } = view;
  const current = proffers.filter(({ isCurrent }) => isCurrent);
  const past = proffers.filter((one) => !one.isCurrent && one.decision !== null);
  const [latest] = current;
  const [preferred, alternate] = latest?.terms.map((name) => newer.get(name)?.name ?? name) ?? [];
  return (
    <Card title="Your terms" aside={latest === undefined ? undefined : <State of={latest} />}>
      {latest === undefined && <p>{canSign ? 'You ask no terms of it.' : CANNOT_SIGN}</p>}
      {current.map((one) => (
        <div key={one.jti}>
          <p>
            <Standing of={one} clientName={clientName} titles={titles} />
          </p>
          {one.decision !== null && <Downloads id={id} proffer={one} />}
        </div>
      ))}
      {newer.size > 0 && (
        <p>
          There is a newer version: {[...new Set(newer.values())].map(titleOf).join(', ')}. It applies once you offer
          it.
        </p>
      )}
      {past.length > 0 && (
        <details>
          <summary>Earlier answers</summary>
          <Records view={view} proffers={past} />
        </details>
      )}
      {canSign && (
        <details>
          <summary>Offer {clientName} other terms</summary>
          <p>It gets no key from then on until it has signed them. Keys that it holds end within minutes.</p>
          <Form action={`/apps/${id}/terms`}>
            <TermsFields choices={choices} chosen={[preferred, alternate]} />
            <ButtonRow>
              <Button>Offer these terms</Button>
            </ButtonRow>
          </Form>
        </details>
      )}
    </Card>
  );
}

const CANNOT_SIGN = 'It cannot sign terms: it has no published keys, or works in a way that has no place for them.';

/** On the page of an app that was stopped: the records of what it signed, as long as that page exists. */
export function EndedTerms({ view }: { view: AppTermsView }): VNode | null {
  const answered = view.proffers.filter(({ decision }) => decision !== null);
  if (answered.length === 0) return null;
  return (
    <Card title="What it signed">
      <p>
        What it promised about what it got until then, it promised for later, too. Take the records if you want to keep
        them.
      </p>
      <Records view={view} proffers={answered} />
    </Card>
  );
}

function Records({ view, proffers }: { view: AppTermsView; proffers: readonly PastProffer[] }): VNode {
  return (
    <List>
      {proffers.map((one) => (
        <Row key={one.jti} title={named(one, view.titles)} note={<State of={one} />}>
          <Downloads id={view.id} proffer={one} />
        </Row>
      ))}
    </List>
  );
}

function State({ of: { decision } }: { of: PastProffer }): VNode {
  if (decision === null) return <Badge kind="needs">waiting</Badge>;
  return decision === 'accepted' ? <Badge kind="good">signed</Badge> : <Badge kind="bad">declined</Badge>;
}

function named({ accepted, terms }: PastProffer, titles: AppTermsView['titles']): string {
  const names = accepted === null ? terms : [accepted];
  return names.map((name) => titles.get(name) ?? name).join(' or ');
}

function Standing({
  of,
  clientName,
  titles,
}: Pick<AppTermsView, 'clientName' | 'titles'> & { of: PastProffer }): VNode {
  const day = <Day date={(of.answeredAt ?? of.createdAt).toISOString().slice(0, 10)} />;
  const what = named(of, titles);
  switch (of.decision) {
    case 'accepted':
      return (
        <>
          {clientName} signed “{what}” on {day}. The promise is recorded; keeping it is up to them.
        </>
      );
    case 'declined':
      return (
        <>
          {clientName} declined “{what}” on {day}, and gets no key. You can offer it other terms.
        </>
      );
    case null:
      return (
        <>
          You offered “{what}” on {day}. Until {clientName} has signed, it gets no key.
        </>
      );
  }
}

function Downloads({ id, proffer: { jti } }: { id: string; proffer: PastProffer }): VNode {
  const at = `/apps/${id}/terms/${jti}`;
  return (
    <small>
      <a href={`${at}/record`}>The signed record</a> · <a href={`${at}/keys`}>the keys to verify it with</a>
    </small>
  );
}
