/** The page on which the owner sees and changes one answer; `appId` is any of the app's connections. */
export function ruleHref({ appId, linkId, scope }: { appId: string; linkId: string; scope: string }): string {
  return `/apps/${encodeURIComponent(appId)}/rule?${new URLSearchParams({ link: linkId, scope }).toString()}`;
}
