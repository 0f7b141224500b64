import type { FormParams } from '@chatelaine/protocol';

const FIELD = 'icon';

/** A consent page's view, with a hidden field for the icon that the page shows. */
export const withIcon = <View extends { readonly hidden: Readonly<Record<string, string>> }>(
  view: View,
  iconId: string | null,
): View => ({ ...view, hidden: { ...view.hidden, [FIELD]: iconId ?? '' } });

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
