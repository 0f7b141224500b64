import type { FormParams } from '@chatelaine/protocol';
import { Card, Notice, Select } from '@chatelaine/ui';
import type { VNode } from 'preact';
import type { ServedTerms } from '../deps.ts';
import { ALTERNATE_FIELD, PREFERRED_FIELD, type TermsOffer } from './choice.ts';
import { titleOf } from './documents.ts';

export interface TermsChoiceView {
  readonly offer: TermsOffer;
  readonly form: FormParams;
  /** The client's own pages with its terms of service and its privacy policy. */
  readonly client: { readonly termsUri: string | null; readonly policyUri: string | null };
  /** What is wrong with the choice. */
  readonly problem?: string | undefined;
}

/**
 * On a consent page: which terms the Requester is to sign, or that it cannot sign any. For owners who ask for none,
 * this is one line.
 */
export function TermsChoice({ offer, form, client, problem }: TermsChoiceView): VNode | null {
  const { choices, own, canSign, says } = offer;
  const asksForSome = own.names.length > 0 || own.signersOnly;
  if (!canSign) return asksForSome ? <CannotSign signersOnly={own.signersOnly} client={client} /> : null;
  const said = choices.filter(({ reference }) => says.includes(reference.uri));
  const [preferred, alternate] = [form.get(PREFERRED_FIELD) ?? own.names[0], form.get(ALTERNATE_FIELD) ?? own.names[1]];
  return (
    <Card title="Your terms">
      <p>
        What it has to promise you about your data, and sign, before it gets any key. The promise is recorded, for you
        and for it. Nobody can enforce it by technical means.
      </p>
      <details open={asksForSome || (preferred ?? '') !== '' || problem !== undefined}>
        <summary>Terms for this app</summary>
        <TermsFields choices={choices} chosen={[preferred, alternate]} problem={problem} />
        <p>
          <small>
            {said.length === 0
              ? 'It says nothing about terms that it accepts.'
              : `It says that it accepts: ${said.map(titleOf).join(', ')}. ` +
                'Whether it does, its signature will show.'}{' '}
            <a href="/terms">What they say</a>
          </small>
        </p>
      </details>
    </Card>
  );
}

/** The two selections: the preferred terms, and an alternative. */
export function TermsFields({
  choices,
  chosen: [preferred, alternate],
  problem,
}: {
  choices: readonly ServedTerms[];
  chosen: readonly (string | undefined)[];
  problem?: string | undefined;
}): VNode {
  const options = choices.map((one) => ({ value: one.name, label: titleOf(one) }));
  return (
    <>
      <Select
        name={PREFERRED_FIELD}
        label="It has to accept"
        value={preferred}
        options={[NO_TERMS, ...options]}
        problem={problem}
      />
      <Select name={ALTERNATE_FIELD} label="Or instead" value={alternate} options={[NO_ALTERNATE, ...options]} />
    </>
  );
}

const NO_TERMS = { value: '', label: 'No terms' };
const NO_ALTERNATE = { value: '', label: 'Nothing else' };

/** Says that an app signs nothing, and shows its own pages instead. */
function CannotSign({
  signersOnly,
  client: { termsUri, policyUri },
}: { signersOnly: boolean } & Pick<TermsChoiceView, 'client'>): VNode {
  const pages = [
    ['its own terms', termsUri],
    ['its privacy policy', policyUri],
  ].filter((page): page is [string, string] => page[1] !== null);
  return (
    <Notice kind={signersOnly ? 'bad' : 'plain'}>
      <p>
        This app cannot sign terms of yours: it has no published keys to sign with, or works in a way that has no place
        for them.
        {signersOnly && (
          <>
            {' '}
            You deal only with apps that do, so it would get nothing. You can change that under{' '}
            <a href="/terms">Terms</a>.
          </>
        )}
      </p>
      {pages.length > 0 && (
        <p>
          {pages.map(([what, uri]) => (
            <>
              It links{' '}
              <a href={uri} rel="noreferrer">
                {what}
              </a>
              .{' '}
            </>
          ))}
        </p>
      )}
    </Notice>
  );
}
