// Replaces the types of `eventsource`, which the second SDK refers to: its exports have a condition `source`, as ours
// do, which leads the compiler to its TypeScript sources.
export type ErrorEvent = Event;
export type EventSourceInit = object;
