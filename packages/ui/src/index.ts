// pages
export { Address } from './pages/address.tsx';
export { apiDocs } from './api-docs/api-docs.tsx';
export * from './pages/choices.tsx';
export * from './pages/components.tsx';
export * from './pages/controls.tsx';
export { ErrorPage, type ErrorView } from './pages/error-page.tsx';
export { CONTENT_SECURITY_POLICY } from './pages/content-security-policy.ts';
export { Initial } from './pages/initial.tsx';
export { Layout } from './pages/layout.tsx';
export { ByHand, Listening, Live, SCRIPT } from './pages/live.tsx';
export { rememberNeeds, showNeeds } from './pages/needs-you.ts';
export { renderPage } from './pages/render.tsx';
export { ReturnPage, type ReturnPageView } from './pages/return-page.tsx';
export type { NavItem, Site } from './pages/site.ts';
export { Arriving, streamPage } from './pages/stream.tsx';
export { UsesScript } from './pages/scripts.tsx';
export { icon, stylesheet } from './pages/style.ts';
export { Day, Moment, momentWords, TimeOfDay } from './pages/time.tsx';
export * from './pages/onward.tsx';
export { pageOf, type PageOfList, Pager } from './pages/pager.tsx';

// forms
export { acceptForms } from './forms/accept-forms.ts';
export { formTokens } from './forms/csrf.ts';
export { formOf, queryOf } from './forms/form-of.ts';
export { pages } from './forms/pages.ts';
export { type Picture, PICTURE_TYPES, pictureTypeOf, type PictureType, sendPicture } from './forms/picture.ts';
export { canBeShown } from './forms/text.ts';
export { fileOf, type UploadedFile, type UploadOptions, uploads } from './forms/uploads.ts';

// errors
export { notFound, Problem, type ProblemOptions } from './errors/problem.ts';
export { sendJsonError, sendNegotiatedError } from './errors/send-error.tsx';
export { wantsPage } from './errors/wants-page.ts';

// signed-in accounts
export type { Account } from './signed-in/account.ts';
export { CSRF_CHECKED, currentAccount, currentSessionAccount } from './signed-in/current-account.ts';
