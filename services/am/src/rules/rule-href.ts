/** Where the owner looks at one answer of theirs and changes it: of an app, by any of its connections. */
export function ruleHref({ appId, linkId, scope }: { appId: string; linkId: string; scope: string }): string {
  return `/apps/${encodeURIComponent(appId)}/rule?${new URLSearchParams({ link: linkId, scope }).toString()}`;
}
