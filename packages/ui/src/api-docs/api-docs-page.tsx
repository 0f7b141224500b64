import type { VNode } from 'preact';
import { Card } from '../pages/components.tsx';
import { Layout } from '../pages/layout.tsx';
import type { Field } from './fields-of.ts';
import type { ShownAnswer, ShownOperation } from './operations-in.ts';

const NEEDS = {
  dpop: 'Needs an access token bound to your key, and a DPoP proof of this request (RFC 9449).',
  bearer: 'Needs a bearer token (RFC 6750).',
} as const;

export function ApiDocsPage({ operations }: { operations: readonly ShownOperation[] }): VNode {
  return (
    <Layout
      title="For developers"
      lead={
        <>
          What programs can ask this service for. The same for tools that read OpenAPI:{' '}
          <a href="/openapi.json">/openapi.json</a>. What is refused is JSON with <code>error</code> and{' '}
          <code>error_description</code>.
        </>
      }
    >
      {operations.map((operation) => (
        <OperationPart key={`${operation.method} ${operation.path}`} operation={operation} />
      ))}
      <ErrorsPart operations={operations} />
    </Layout>
  );
}

function OperationPart({ operation }: { operation: ShownOperation }): VNode {
  const { method, path, summary, description, security, parameters, bodies, example, answers } = operation;
  return (
    <details class="card">
      <summary>
        <code>{`${method} ${path}`}</code> {summary}
      </summary>
      {description !== undefined && <p>{description}</p>}
      {security !== undefined && <p>{NEEDS[security]}</p>}
      {parameters.length > 0 && <Fields title="In the address" fields={parameters} />}
      {bodies.map(({ mediaType, fields }, index) => (
        <Fields key={index} title={index === 0 ? `The body, ${mediaType}` : 'Or'} fields={fields} />
      ))}
      {example !== undefined && (
        <>
          <h2>As it looks</h2>
          <dl>
            {Object.entries(example).map(([name, value]) => (
              <>
                <dt>
                  <code>{name}</code>
                </dt>
                <dd>
                  <code>{typeof value === 'string' ? value : JSON.stringify(value)}</code>
                </dd>
              </>
            ))}
          </dl>
        </>
      )}
      <h2>Answers</h2>
      <dl>
        {answers.map((answer) => (
          <AnswerPart key={answer.status} answer={answer} />
        ))}
      </dl>
    </details>
  );
}

/** Lists each error code once, as the target of `error_uri`. */
function ErrorsPart({ operations }: { operations: readonly ShownOperation[] }): VNode {
  const all = operations.flatMap(({ answers }) => answers.flatMap(({ codes }) => codes));
  const meanings = new Map(all.map(({ code, meaning }) => [code, meaning]));
  return (
    <Card title="What each error means">
      <dl>
        {[...meanings].map(([code, meaning]) => (
          <>
            <dt id={code}>
              <code>{code}</code>
            </dt>
            <dd>{meaning}</dd>
          </>
        ))}
      </dl>
    </Card>
  );
}

function AnswerPart({ answer: { status, description, codes, fields } }: { answer: ShownAnswer }): VNode {
  return (
    <>
      <dt>{status}</dt>
      <dd>
        {description}
        {codes.length > 0 && (
          <ul>
            {codes.map(({ code, meaning }) => (
              <li key={code}>
                <code>{code}</code>: {meaning}
              </li>
            ))}
          </ul>
        )}
        {fields.length > 0 && <FieldList fields={fields} />}
      </dd>
    </>
  );
}

function Fields({ title, fields }: { title: string; fields: readonly Field[] }): VNode {
  return (
    <>
      <h2>{title}</h2>
      <FieldList fields={fields} />
    </>
  );
}

function FieldList({ fields }: { fields: readonly Field[] }): VNode {
  return (
    <ul>
      {fields.map(({ name, required, kind, description }) => (
        <li key={name}>
          <code>{name}</code> {required ? '' : '(optional) '}
          {kind}
          {description !== undefined && `. ${description}`}
        </li>
      ))}
    </ul>
  );
}
