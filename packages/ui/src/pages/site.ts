/** How a service presents itself on its pages. */
export interface Site {
  /** Its name for people, such as "Photos". */
  name: string;
  /** Its role in the deployment, shown as a label: "Authorization Manager", "Host", "Requester". */
  role: string;
  /** A CSS colour that distinguishes this service from others, for links, buttons and the label. */
  accent?: string;
  /** A sentence at the foot of every page: what a service in this role stores, does and does not do. */
  about?: string;
  /**
   * Path of the server-sent events that report changes to the open pages of somebody signed in. Without it pages reload
   * themselves while something is under way.
   */
  changes?: string;
  /** CSS rules of the service's own, after the shared ones, for components that only it has. */
  styles?: string;
  /** The navigation for somebody signed in; `public` items are for everybody. */
  nav?: readonly NavItem[];
  /**
   * Whether the navigation is at the foot of the screen on a phone, within reach of a thumb; for up to six short
   * labels.
   */
  navAtFoot?: true;
}

export interface NavItem {
  href: string;
  label: string;
  /** Also shown to people who are not signed in. */
  public?: true;
}
