import type { FormParams } from '@chatelaine/protocol';

const FIELD = 'icon';

/** What a consent page shows, and in its form the icon that it shows. */
export const withIcon = <View extends { readonly hidden: Readonly<Record<string, string>> }>(
  view: View,
  iconId: string | null,
): View => ({ ...view, hidden: { ...view.hidden, [FIELD]: iconId ?? '' } });

/** Whether the page showed an icon, and there is another one now, or none. One that came meanwhile is no other. */
export const showedAnother = (form: FormParams, iconId: string | null): boolean => {
  const shown = form.get(FIELD) ?? '';
  return shown !== '' && shown !== iconId;
};

export const ANOTHER_ICON =
  'The icon of this app has changed since this page was shown to you. Nothing was decided: look again at who asks.';
