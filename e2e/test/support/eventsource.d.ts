// Stands for the types of `eventsource`, which the second SDK names: its exports have a condition `source`, as ours,
// and lead the compiler to its own TypeScript.
export type ErrorEvent = Event;
export type EventSourceInit = object;
