import type { FormParams } from '@chatelaine/protocol';

/** The form field with the owner's answer about the Host, besides those about the connection. */
export const LINK_HOST_FIELD = 'host_half';

export type LinkHostAnswer =
  | { readonly kind: 'link' }
  | { readonly kind: 'no' }
  | { readonly kind: 'again'; readonly problem: string; readonly at: string };

/** There is no default: an owner who did not answer is asked again. */
export function readLinkHostAnswer(name: string, form: FormParams): LinkHostAnswer {
  switch (form.get(LINK_HOST_FIELD)) {
    case 'link':
      return { kind: 'link' };
    case 'no':
      return { kind: 'no' };
    default:
      return { kind: 'again', problem: `Say whether ${name} is to be linked, too.`, at: LINK_HOST_FIELD };
  }
}
