export { type AccessNow, accessRoutes } from './access-routes.tsx';
export { accessFile } from './access-file.ts';
export { endLinks } from './end-links.ts';
export { type HostOptionsInput, hostOptions } from './host-options.tsx';
export { LinkCard, type LinkCardView } from './link-card.tsx';
