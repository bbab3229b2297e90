/* SPDX-License-Identifier: MIT */
/* Every form of call. Compiled as C11 and as C++17, by gcc and clang, with every warning an error
 * (check-header.py); never run. Part of it stands again in call-forms.cc, for C++ alone. */
#include <tracex/audit.h>
#include <tracex/context.h>
#include <tracex/ml.h>
#include <tracex/trace.h>

int every_form(const char *user, const char *nothing, const unsigned char *key, bool approved);

int every_form(const char *user, const char *nothing, const unsigned char *key, bool approved) {
    struct tx_receipt receipt;
    struct tx_options options = TX_OPTIONS_INIT;
    struct tx_event event = TX_EVENT_INIT;
    struct tx_stats stats;
    struct tx_kv fields[2];
    char buffer[] = "buffer", line[TX_RECEIPT_TEXT_SIZE];
    short small = -1;
    unsigned char tiny = 1;
    float narrow = 0.5f;
    size_t length = 4;
    int r = 0;

    tx_audit_log("zero.fields", TX_SUCCESS);
    tx_audit_log("one.field", TX_FAILURE, TX_STR("actor.id", user));
    (void)tx_audit_log("result.unused", TX_DENIED, TX_STR("null", nothing));
    if (tx_audit_log("in.condition", TX_UNKNOWN) < 0)
        r = 1;
    r += tx_audit_log("every.type", TX_SUCCESS, TX_STR("s", "literal"), TX_STR("n", NULL),
                      TX_STRN("sn", buffer, 3), TX_BYTES("b", key, length), TX_BYTES("e", NULL, 0),
                      TX_I64("i", -42), TX_I64("ll", 42LL), TX_U64("u", 42U), TX_U64("z", length),
                      TX_F64("f", 0.5), TX_F64("ff", narrow), TX_BOOL("t", true),
                      TX_BOOL("c", r == 1), TX_BOOL("a", approved), TX_JSON("j", "{\"a\":[1,2]}"));
    r += tx_audit_log("by.type", TX_SUCCESS, TX_KV("s", "literal"), TX_KV("u", user),
                      TX_KV("m", buffer), TX_KV("b", approved), TX_KV("i", 42), TX_KV("l", 42L),
                      TX_KV("ll", 42LL), TX_KV("un", 42U), TX_KV("ul", 42UL), TX_KV("ull", 42ULL),
                      TX_KV("h", small), TX_KV("uc", tiny), TX_KV("z", length), TX_KV("f", 0.5),
                      TX_KV("ff", narrow), TX_KV("ch", buffer[0]));
    r += tx_audit_log("labels", TX_SUCCESS, TX_PII(TX_STR("email", user)),
                      TX_SECRET(TX_BYTES("key", key, length)), TX_PII(TX_KV("age", 42)),
                      TX_SECRET(TX_KV("pin", "0000")));

    r += tx_audit_log_buffered("buffered.zero", TX_SUCCESS);
    r += tx_audit_log_buffered("buffered", TX_SUCCESS, TX_STR("a", user), TX_KV("b", 1));

    r += tx_audit_log_durable("durable.zero", TX_SUCCESS, &receipt);
    r += tx_audit_log_durable("durable.null", TX_SUCCESS, NULL);
    r += tx_audit_log_durable("durable", TX_SUCCESS, &receipt, TX_STR("a", user), TX_KV("b", 1));

    r += tx_receipt_render(&receipt, line, sizeof(line));
    r += tx_receipt_parse(line, &receipt, NULL) + tx_receipt_parse(line, &receipt, &length);

    fields[0] = TX_STR("a", user);
    fields[1] = TX_PII(TX_U64("b", 2));
    event.name = "by.hand";
    event.severity = TX_SEV_WARNING;
    event.message = "for people";
    event.fields = fields;
    event.n_fields = 2;
    event.durability = TX_DURABLE;
    event.ret_receipt = &receipt;
    r += tx_audit_emit(&event);

    options.block_ms = -1;
    options.when_full = TX_FULL_DROP;
    r += tx_open(&options) + tx_open(NULL) + tx_flush(100) + tx_close();
    stats.size = sizeof(stats);
    return r + tx_stats(&stats);
}

int every_form_of_context(const struct tx_header *headers, size_t n_headers, const char *id);

int every_form_of_context(const struct tx_header *headers, size_t n_headers, const char *id) {
    struct tx_context context = TX_CONTEXT_INIT, other;
    struct tx_context_token token;
    struct tx_context_stats stats;
    struct tx_environment environment;
    char text[TX_BAGGAGE_SIZE], correlation[TX_CORRELATION_SIZE];
    unsigned char trace_id[16], span_id[8], flags;
    int r = tx_context_from_headers(headers, n_headers, &context);

    if (r & TX_CONTEXT_RESTARTED)
        r += tx_context_parse(id, NULL, NULL, &context);
    other = context;
    TX_CONTEXT_SCOPE(&context);
    TX_CORRELATION_SCOPE(id);
    TX_CONTEXT_SCOPE(NULL);
    r += tx_context_get(&other) + tx_context_set(&other) + tx_context_set(NULL);
    r += tx_context_attach(&other, &token) + tx_context_detach(&token);
    r += tx_correlation_set(id) + tx_correlation_get(correlation, sizeof(correlation));
    r += tx_context_start(&other) + tx_context_ids(&other, trace_id, span_id, &flags);
    r += tx_context_ids(NULL, NULL, NULL, NULL);
    r += tx_context_traceparent(&other, text, sizeof(text));
    r += tx_context_tracestate(&other, text, sizeof(text));
    r += tx_context_baggage(NULL, text, sizeof(text));
    r += tx_context_tracestate_put(&other, "key", "value");
    r += tx_context_baggage_set(&other, "key", id) + tx_context_baggage_set(NULL, "key", NULL);
    r += tx_context_baggage_get(&other, "key", text, sizeof(text));
    r += tx_context_from_environment(&other);
    r += tx_context_to_environment(NULL, &environment) + tx_context_setenv(&other);
    stats.size = sizeof(stats);
    return r + tx_context_stats(&stats);
}

int every_form_of_span(const struct tx_context *context, const char *name);

int every_form_of_span(const struct tx_context *context, const char *name) {
    struct tx_span span = TX_SPAN_INIT;
    struct tx_span_options options = TX_SPAN_OPTIONS_INIT;
    struct tx_span_stats stats;
    struct tx_context within;
    TX_SPAN_SCOPE(scope, "scope");
    TX_SPAN_SCOPE(named, name);
    int r = tx_span_set(&scope, TX_STR("a", name)) +
            tx_span_set(&named, TX_KV("a", 1), TX_PII(TX_STR("b", name)));

    options.kind = TX_SPAN_CONSUMER;
    options.parent = context;
    options.is_root = options.is_current = 1;
    r += tx_span_begin(&span, name, &options) + tx_span_begin(&span, "plain", NULL);
    r += tx_span_status(&span, TX_SPAN_OK, NULL) + tx_span_status(&scope, TX_SPAN_ERROR, name);
    r += tx_span_link(&span, context) + tx_span_context(&span, &within);
    r += tx_span_set_list(&span, NULL, 0);
    stats.size = sizeof(stats);
    return r + tx_span_end(&span) + tx_span_stats(&stats);
}

int every_form_of_functions(const char *name, int n);

static int without_arguments(int n) {
    TX_TRACE_FUNCTION();
    TX_TRACE_RESULT(TX_I64("result", n));
    return n;
}

int every_form_of_functions(const char *name, int n) {
    TX_TRACE_FUNCTION_ARGS(TX_STR("name", name), TX_KV("n", n));
    {
        TX_TRACE_SCOPE("inner");
        n += tx_function_trace("a,b*") + tx_function_trace(NULL);
    }
    TX_TRACE_RESULT(TX_KV("result", n));
    return without_arguments(n);
}

int every_form_of_ml(const char *path, const unsigned char *input, size_t n_input);

int every_form_of_ml(const char *path, const unsigned char *input, size_t n_input) {
    struct tx_run run = TX_RUN_INIT;
    struct tx_stage stage = TX_STAGE_INIT;
    struct tx_inference inference = TX_INFERENCE_INIT;
    struct tx_file_digest digest;
    char id[TX_ML_ID_SIZE];
    int r = tx_run_begin(&run, "run") + tx_run_id(&run, id) + tx_run_attach(&run);

    r += tx_param(TX_KV("depth", 7)) + tx_param(TX_STR("loss", path));
    r += tx_metric("auc", 0.9, 1);
    r += tx_stage_begin(&stage, "stage", 1, -1) + tx_stage_end(&stage, 1, 1);
    r += tx_dataset("set", TX_DATASET_REFERENCE, path, -1, -1);
    r += tx_model("model", NULL, path, NULL) + tx_model("model", "1", path, &digest);
    r += tx_digest_file(path, &digest);
    inference.model_sha256 = digest.sha256;
    inference.input = input;
    inference.n_input = n_input;
    inference.match = TX_MATCH_NO;
    inference.ret_id = id;
    r += tx_inference(&inference) + tx_human_review(id, "r", TX_REVIEW_STOPPED, NULL);
    return r + tx_run_end(&run, TX_RUN_KILLED) + tx_run_attach(NULL);
}
