import Form from '@rjsf/core/lib/components/Form.js';
import {
  type ErrorSchema,
  englishStringTranslator,
  type RJSFSchema,
  TranslatableString,
  type WidgetProps,
} from '@rjsf/utils';
import { useMemo } from 'react';
import type { Problem } from './api.ts';
import { formSchemaOf } from './form-schema.ts';
import { validator } from './form-validator.ts';
import type { JsonSchema } from './types.ts';

interface RequestFormProps {
  readonly schema: JsonSchema;
  readonly value: unknown;
  /** Problems that the API reported. */
  readonly faults: Problem['errors'];
  readonly onChange: (value: unknown) => void;
}

/** Fields for every part of the request: nested, repeated, enums, alternatives, maps, and files for bytes. */
export function RequestForm({ schema, value, faults = [], onChange }: RequestFormProps) {
  // The schema arrives anew with every poll; the form must not start over.
  const text = JSON.stringify(schema);
  const { form, ui } = useMemo(() => formSchemaOf(JSON.parse(text)), [text]);
  const errors = useMemo(() => errorsOf(faults), [faults]);
  return (
    <Form
      tagName="div"
      schema={form as RJSFSchema}
      uiSchema={ui}
      formData={value}
      validator={validator}
      widgets={WIDGETS}
      translateString={(text, words) =>
        text === TranslatableString.KeyLabel ? 'Key of this entry' : englishStringTranslator(text, words)
      }
      noHtml5Validate
      showErrorList={false}
      extraErrors={errors}
      onChange={({ formData }) => onChange(formData)}
    >
      {/* Without the button of the form: the page has its own. */}
      <span />
    </Form>
  );
}

/** Chooses a file and keeps its bytes as base64. */
function FileWidget({ id, value, onChange }: WidgetProps) {
  const read = async (file: File | undefined) => {
    if (!file) return;
    const bytes = new Uint8Array(await file.arrayBuffer());
    let binary = '';
    for (const byte of bytes) binary += String.fromCharCode(byte);
    onChange(btoa(binary));
  };
  return (
    <span className="file">
      <input id={id} type="file" onChange={(event) => void read(event.currentTarget.files?.[0])} />
      <span className="faint">{value ? `${Math.floor((String(value).length * 3) / 4)} bytes` : 'no bytes'}</span>
    </span>
  );
}

const WIDGETS = { base64: FileWidget };

/** JSON pointers as the tree of errors that the form shows beside its fields. */
function errorsOf(faults: NonNullable<Problem['errors']>): ErrorSchema {
  const root: ErrorSchema = {};
  for (const { pointer, message } of faults) {
    let at = root;
    for (const step of pointer.split('/').slice(1)) {
      at[step] ??= {};
      at = at[step] as ErrorSchema;
    }
    at.__errors = [...(at.__errors ?? []), message];
  }
  return root;
}
