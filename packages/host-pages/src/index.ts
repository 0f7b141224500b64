export { type AccessNow, accessRoutes } from './access-routes.tsx';
export { type ChassisHost, onChassis } from './chassis.tsx';
export { LinkCard, type LinkCardView } from './link-card.tsx';
