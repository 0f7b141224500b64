import type { FormParams } from '@chatelaine/protocol';

const FIELD = 'icon';

/** The hidden field for the icon that a page shows. */
export const iconField = (iconId: string | null): Readonly<Record<string, string>> => ({ [FIELD]: iconId ?? '' });

/** A consent page's view, with that field. */
export const withIcon = <View extends { readonly hidden: Readonly<Record<string, string>> }>(
  view: View,
  iconId: string | null,
): View => ({ ...view, hidden: { ...view.hidden, ...iconField(iconId) } });

/**
 * Whether the page showed an icon, and the client now has a different one or none. An icon that arrived after the page
 * was shown does not count.
 */
export const iconChanged = (form: FormParams, iconId: string | null): boolean => {
  const shown = form.get(FIELD) ?? '';
  return shown !== '' && shown !== iconId;
};

export const ICON_CHANGED =
  'The icon of this app has changed since this page was shown to you. Nothing was decided: look again at who asks.';
