/** How a service presents itself on its pages. */
export interface Site {
  /** What people call it: "Photos". */
  name: string;
  /** Its part in the deployment, shown as a label: "Authorization Manager", "Host", "Requester". */
  role: string;
  /** A CSS colour that tells this service from the others; used for links, buttons and the label. */
  accent?: string;
  /** A sentence at the foot of every page: what a service in this role has, does and does not do. */
  about?: string;
  /**
   * Where open pages of somebody signed in hear that something of theirs changed (server-sent events); without it they
   * look again by themselves while something is under way.
   */
  changes?: string;
  /** Rules of the service's own, after the shared ones: the look of what only it shows. */
  styles?: string;
  /** The navigation of somebody signed in, and of everybody when `public`. */
  nav?: readonly NavItem[];
  /**
   * On a phone the navigation stays at the foot of the screen, within reach of a thumb: for up to six short labels.
   */
  navAtFoot?: true;
}

export interface NavItem {
  href: string;
  label: string;
  /** Shown to people who are not signed in, too. */
  public?: true;
}
