import { type AccessNow, LinkCard } from '@chatelaine/host-pages';
import { ButtonLink, ButtonRow, Empty, Layout } from '@chatelaine/ui';
import type { VNode } from 'preact';
import type { Deps } from '../deps.ts';

export interface AccessView extends AccessNow {
  readonly flavor: Deps['flavor'];
  readonly issuer: string;
}

/** Who has access, through which AM, with buttons to end it. */
export function AccessPage({ flavor, issuer, links, news, pager }: AccessView): VNode {
  return (
    <Layout
      title="Who has access"
      lead={`The authorization managers you linked, and the apps to which they handed out keys to your ${flavor.many}.`}
    >
      {news}
      {links.length === 0 ? (
        <Empty title="Nobody but you">
          <p>
            To let an app use your {flavor.many}, go to your authorization manager, choose “Add a service” and enter
            this address:
          </p>
          <p>
            <code>{issuer}</code>
          </p>
          <p>You then decide here what it may hand out at most, and for how long. It will stand on this page.</p>
          <UseIt />
        </Empty>
      ) : (
        links.map((link) => (
          <LinkCard
            key={link.id}
            link={link}
            scopes={flavor.scopes}
            afterwards={`Your ${flavor.many} stay here. To undo it, link this service there again.`}
          />
        ))
      )}
      {pager}
      {links.length > 0 && <UseIt />}
    </Layout>
  );
}

function UseIt(): VNode {
  return (
    <ButtonRow>
      <ButtonLink href="/access/manager" kind="plain">
        Use this with my authorization manager
      </ButtonLink>
    </ButtonRow>
  );
}
