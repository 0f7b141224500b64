import type { ConsentView } from '@chatelaine/oauth-server-pg';
import { Card, Layout, Notice } from '@chatelaine/service-kit';
import type { VNode } from 'preact';
import { answerField, DURATIONS, type OfferedLink } from './consent-form.ts';

const ANSWERS = [
  { value: 'no', label: 'No' },
  { value: 'ask', label: 'Ask me each time' },
  { value: 'allow', label: 'Allow' },
] as const;

/** Who asks, and what it may ask for, on one screen. */
export function ConsentPage({ view, links }: { view: ConsentView; links: readonly OfferedLink[] }): VNode {
  const { client } = view.interaction;
  return (
    <Layout title={`Connect ${client.name}?`}>
      {view.problem !== null && <Notice kind="bad">{view.problem}</Notice>}
      <p>
        A Requester that calls itself <strong>{client.name}</strong> wants to get data from your Hosts through
        Chatelaine. Nobody has checked this name. It runs {whereItRuns(view.interaction.request.redirectUri)}.
      </p>
      {links.length === 0 ? <NoHosts view={view} /> : <ConsentForm view={view} links={links} />}
    </Layout>
  );
}

function ConsentForm({ view, links }: { view: ConsentView; links: readonly OfferedLink[] }): VNode {
  return (
    <form method="post" action={view.action}>
      <Hidden view={view} />
      {links.map((link) => (
        <Card key={link.linkId} title={`${link.hostName}: ${link.label}`}>
          {link.scopes.map(({ scope, sentence }) => (
            <fieldset key={scope}>
              <legend>
                {sentence} <small>({scope})</small>
              </legend>
              <Answers
                field={answerField(link.linkId, scope)}
                chosen={view.form.get(answerField(link.linkId, scope)) ?? 'no'}
              />
            </fieldset>
          ))}
        </Card>
      ))}
      <Card title="For how long?">
        <label for="duration">The connection lasts</label>
        <select id="duration" name="duration">
          {DURATIONS.map(({ value, label }) => (
            <option key={value} value={value} selected={value === view.form.get('duration')}>
              {label}
            </option>
          ))}
        </select>
      </Card>
      <Decision allow="Connect" />
    </form>
  );
}

function NoHosts({ view }: { view: ConsentView }): VNode {
  return (
    <form method="post" action={view.action}>
      <Hidden view={view} />
      <Notice>
        You have not added any Host yet, so there is nothing to show it. <a href="/hosts/add">Add a Host</a> first, then
        connect again from {view.interaction.client.name}.
      </Notice>
      <p class="row">
        <button type="submit" class="plain" name="decision" value="deny">
          Go back without connecting
        </button>
      </p>
    </form>
  );
}

function Answers({ field, chosen }: { field: string; chosen: string }): VNode {
  return (
    <div class="row">
      {ANSWERS.map(({ value, label }) => (
        <label key={value}>
          <input type="radio" name={field} value={value} checked={value === chosen} /> {label}
        </label>
      ))}
    </div>
  );
}

function Decision({ allow }: { allow: string }): VNode {
  return (
    <p class="row">
      <button type="submit" name="decision" value="allow">
        {allow}
      </button>
      <button type="submit" class="plain" name="decision" value="deny">
        Refuse
      </button>
    </p>
  );
}

function Hidden({ view }: { view: ConsentView }): VNode {
  return (
    <>
      {Object.entries(view.hidden).map(([name, value]) => (
        <input key={name} type="hidden" name={name} value={value} />
      ))}
    </>
  );
}

/** RFC 8252 §8.6: what listens on a loopback address cannot be told apart from any other program there. */
function whereItRuns(redirectUri: string): string {
  const { hostname, host } = new URL(redirectUri);
  if (hostname === 'localhost' || hostname === '127.0.0.1' || hostname === '[::1]')
    return 'as a program on this computer';
  return `at ${host}`;
}
