import type { ConsentView } from '@chatelaine/oauth-server-fastify';
import type { FormParams } from '@chatelaine/protocol';
import { Badge, Button, ButtonRow, Card, Hidden, Notice, Radios, Switch } from '@chatelaine/ui';
import type { ComponentChildren, VNode } from 'preact';
import { ADD_FIELD } from './add-service.ts';
import { allField, answerField, askedField } from './consent-form.ts';
import { DurationChips } from './duration-chips.tsx';
import { missingHosts, type Offered, type OfferedLink, type OfferedScope } from './offered.ts';
import { outcomeOf } from './outcome.ts';
import { OutcomeForm } from './outcome-form.tsx';
import { goesWithAll, isOneByOne } from './prefill.ts';
import { Presets } from './presets.tsx';

const EFFECTS = [
  { value: 'no', label: 'Off' },
  { value: 'ask', label: 'Ask' },
  { value: 'allow', label: 'Allow' },
] as const;
const AS_ACCOUNT = { value: '', label: 'As above' } as const;

interface ChoicesView {
  readonly view: ConsentView;
  readonly offered: Offered;
  /** What the form holds: what was sent, or what it starts with. */
  readonly chosen: FormParams;
  /** `as long`: as long as the connection that it is added to. */
  readonly lasts: 'chosen' | 'as long';
  /** What else the same form decides. */
  readonly children?: ComponentChildren;
}

/**
 * What the Requester may ask for: first what it wants, with one line for each account; then everything else; and for
 * how long.
 */
export function ConsentChoices({ view, offered, chosen, lasts, children }: ChoicesView): VNode {
  const { links, wants } = offered;
  const at = (name: string) => (view.problemAt === name ? (view.problem ?? undefined) : undefined);
  const scene = { offered, chosen, at };
  const wanted = links.filter(({ scopes }) => scopes.some(({ isWanted }) => isWanted));
  const others = isOneByOne(offered) ? links.filter(({ scopes }) => scopes.some(({ isWanted }) => !isWanted)) : [];
  return (
    <OutcomeForm view={view} outcome={outcomeOf(links, chosen)} adds={lasts === 'as long'}>
      <Hidden fields={view.hidden} />
      {missingHosts(offered).map((host) => (
        <Notice key={host} kind="needs">
          <p>
            It also wants something at {new URL(host).host}, which you have not added here. Only you know whether you
            have an account there.
          </p>
          <ButtonRow>
            <Button kind="plain" name={ADD_FIELD} value={host}>
              Add {new URL(host).host}
            </Button>
          </ButtonRow>
        </Notice>
      ))}
      {wanted.length > 0 && (
        <Card title={wants.length > 0 ? 'What it may ask for' : 'What you have'}>
          <div id="choices" class="choose" />
          <Presets says={wants.length > 0 ? 'wants' : 'nothing'} chosen={chosen} action={view.action} />
          {wanted.map((link) => (
            <Account key={link.linkId} scene={scene} link={link} />
          ))}
          <ButtonRow>
            <Button kind="quiet" name={ADD_FIELD} value="">
              Add another service, and come back
            </Button>
          </ButtonRow>
        </Card>
      )}
      {others.length > 0 && (
        <Card>
          <details open={wanted.length === 0 || others.some((link) => hasMore(link, chosen))}>
            <summary>Show everything it could have</summary>
            {others.map((link) => (
              <More key={link.linkId} scene={scene} link={link} />
            ))}
          </details>
        </Card>
      )}
      {children}
      {lasts === 'chosen' && <DurationChips legend="For how long?" chosen={chosen} problem={at} />}
    </OutcomeForm>
  );
}

interface Scene {
  readonly offered: Offered;
  readonly chosen: FormParams;
  readonly at: (name: string) => string | undefined;
}

const hasMore = ({ linkId, scopes }: OfferedLink, chosen: FormParams): boolean =>
  scopes.some(({ scope, isWanted }) => !isWanted && (chosen.get(answerField(linkId, scope)) ?? 'no') !== 'no');

/** One line for what an account's answer covers; writing has an answer of its own. */
function Account({ scene, link }: { scene: Scene; link: OfferedLink }): VNode {
  const { offered, chosen, at } = scene;
  const { linkId, hostId, hostName, label, scopes } = link;
  const siblings = offered.links.filter((other) => other.hostId === hostId).length;
  const asked = (chosen.get(askedField(linkId)) ?? '').split(' ');
  const together = isOneByOne(offered)
    ? scopes.filter(goesWithAll)
    : scopes.filter(({ scope }) => asked.includes(scope));
  const alone = isOneByOne(offered) ? scopes.filter((one) => one.isWanted && !goesWithAll(one)) : [];
  return (
    <section class="service">
      {together.length > 0 ? (
        <Switch
          legend={
            <>
              <h3>{`${hostName}: ${label}`}</h3>
              <small class="what">{together.map(({ sentence }) => sentence).join(' · ')}</small>
            </>
          }
          name={allField(linkId)}
          answers={EFFECTS}
          chosen={chosen.get(allField(linkId)) ?? 'no'}
          problem={at(allField(linkId))}
        />
      ) : (
        <>
          <h3>{`${hostName}: ${label}`}</h3>
          <Hidden fields={{ [allField(linkId)]: 'no' }} />
        </>
      )}
      {!isOneByOne(offered) && <Hidden fields={{ [askedField(linkId)]: asked.join(' ') }} />}
      {siblings > 1 && (
        <p>
          <small>
            You have {siblings} accounts at {hostName}, and one connection uses one of them. For another, connect a
            second time.
          </small>
        </p>
      )}
      {alone.length > 0 && offered.wants.length > 0 && <Alone scene={scene} link={link} scopes={alone} />}
      <OneByOne scene={scene} link={link} together={together} alone={offered.wants.length > 0 ? [] : alone} />
    </section>
  );
}

/** Scopes with answers of their own: those that write, and those that were not asked for. */
function Alone({ scene, link, scopes }: { scene: Scene; link: OfferedLink; scopes: readonly OfferedScope[] }): VNode {
  const { chosen, at } = scene;
  return (
    <>
      {scopes.map(({ scope, sentence, access }) => (
        <Switch
          key={scope}
          legend={
            <>
              {sentence} {access === 'write' && <Badge kind="needs">writes</Badge>} <small class="scope">{scope}</small>
            </>
          }
          name={answerField(link.linkId, scope)}
          answers={EFFECTS}
          chosen={chosen.get(answerField(link.linkId, scope)) ?? 'no'}
          problem={at(answerField(link.linkId, scope))}
        />
      ))}
    </>
  );
}

interface OneByOneView {
  readonly scene: Scene;
  readonly link: OfferedLink;
  readonly together: readonly OfferedScope[];
  readonly alone: readonly OfferedScope[];
}

/** The answers for each scope, behind the account's one. */
function OneByOne({ scene, link, together, alone }: OneByOneView): VNode | null {
  const { offered, chosen } = scene;
  const { linkId, label } = link;
  if (!isOneByOne(offered)) return null;
  const isHidden = together.length < 2 && alone.length === 0;
  // a single scope is answered by the account's answer
  if (isHidden)
    return <Hidden fields={Object.fromEntries(together.map(({ scope }) => [answerField(linkId, scope), '']))} />;
  const own = [...together, ...alone].some(
    ({ scope }) => !['', 'no'].includes(chosen.get(answerField(linkId, scope)) ?? ''),
  );
  return (
    <details open={own}>
      <summary>
        One by one<span class="unseen"> for {label}</span>
      </summary>
      {together.map(({ scope, sentence }) => (
        <Radios
          key={scope}
          legend={
            <>
              {sentence} <small>({scope})</small>
            </>
          }
          name={answerField(linkId, scope)}
          answers={[AS_ACCOUNT, ...EFFECTS]}
          chosen={chosen.get(answerField(linkId, scope)) ?? ''}
        />
      ))}
      <Alone scene={scene} link={link} scopes={alone} />
    </details>
  );
}

/** What was not asked for, at one account. */
function More({ scene, link }: { scene: Scene; link: OfferedLink }): VNode {
  return (
    <section class="service">
      <h3>{`${link.hostName}: ${link.label}`}</h3>
      <Alone scene={scene} link={link} scopes={link.scopes.filter(({ isWanted }) => !isWanted)} />
    </section>
  );
}
