// SPDX-License-Identifier: Apache-2.0
// `skywatch key`: on a data directory that no server holds, or through a running server.
#include <fmt/core.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <functional>
#include <memory>

#include "admin/api/audit_log.h"
#include "admin/api/keys.h"
#include "base/time.h"
#include "cli/commands.h"
#include "cli/flags.h"
#include "cli/logs_client.h"
#include "cli/terminal/table.h"
#include "cli/time_args.h"
#include "json/writer.h"
#include "os/fs.h"
#include "store/sqlite_catalog.h"

namespace sky::cli {
namespace {

using admin::api::Expiry;
using store::AccessKey;

struct KeyFlags {
    ConnectionFlags connection;
    std::string data, account = "123456789012";
    std::string import_id, import_secret, id;
    std::optional<std::string> description, permissions, expires, old_expires;
    bool allow_short = false;
    bool json = false;
};

// The lock keeps a server from starting on the directory meanwhile.
struct OpenDirectory {
    std::unique_ptr<os::FileLock> lock;
    std::shared_ptr<store::SqliteCatalog> catalog;
};

Result<OpenDirectory> open_directory(const std::string& data) {
    os::Fs& fs = os::real_fs();
    SKY_TRY(os::make_directories(fs, data));
    auto lock = fs.lock(data + "/LOCK");
    if (!lock && lock.error().code == ErrorCode::kUnavailable) {
        return fail(ErrorCode::kInvalidState,
                    "A server uses " + data +
                        ". Leave --data out to ask that server (--endpoint, signed with one of its "
                        "keys), or stop it first.");
    }
    OpenDirectory out{SKY_TRY(std::move(lock)), nullptr};
    out.catalog = SKY_TRY(store::SqliteCatalog::open(fs, data + "/catalog.sqlite"));
    return out;
}

// "90d" from now, a date or time, "never".
Result<Expiry> parse_expiry(std::string_view text) {
    if (text == "never") return Expiry();
    const std::int64_t now_ms = system_clock().now_ms();
    if (const auto from_now = parse_duration_ms(text)) return Expiry(now_ms + *from_now);
    const auto at = parse_time_ms(text, now_ms);
    if (!at) {
        return fail(
            ErrorCode::kInvalidArgument,
            "Not an expiry such as 90d (from now), 2027-01-31 or never: " + std::string(text));
    }
    return Expiry(*at);
}

Result<std::optional<Expiry>> maybe_expiry(const std::optional<std::string>& text) {
    if (!text) return std::optional<Expiry>();
    return std::optional<Expiry>(SKY_TRY(parse_expiry(*text)));
}

Result<std::optional<aws::Permissions>> maybe_permissions(const std::optional<std::string>& text) {
    if (!text) return std::optional<aws::Permissions>();
    return std::optional<aws::Permissions>(SKY_TRY(aws::parse_permissions(*text)));
}

// Output
// -------------------------------------------------------------------------------------------------

void print_secret(const AccessKey& key, bool json) {
    if (!json) {
        fmt::print("AWS_ACCESS_KEY_ID={}\nAWS_SECRET_ACCESS_KEY={}\n", key.id, key.secret);
        return;
    }
    std::string out;
    json::Writer writer(out);
    writer.begin_object();
    writer.key("AccessKeyId");
    writer.string(key.id);
    writer.key("SecretAccessKey");
    writer.string(key.secret);
    writer.key("Account");
    writer.string(key.account);
    writer.end_object();
    fmt::print("{}\n", out);
}

std::string status_of(const AccessKey& key) {
    if (!key.enabled) return "Inactive";
    const bool is_over = key.expires_ms && *key.expires_ms <= system_clock().now_ms();
    return is_over ? "Expired" : "Active";
}

std::string time_or(Expiry ms, const char* otherwise) {
    return ms ? format_iso8601_ms(*ms) : otherwise;
}

void write_key(json::Writer& writer, const AccessKey& key) {
    const auto text = [&](std::string_view name, std::string_view value) {
        writer.key(name);
        writer.string(value);
    };
    const auto maybe = [&](std::string_view name, Expiry ms) {
        if (!ms) return;
        writer.key(name);
        writer.integer(*ms);
    };
    writer.begin_object();
    text("AccessKeyId", key.id);
    text("Account", key.account);
    text("Status", status_of(key));
    text("Permissions", key.permissions);
    text("Description", key.description);
    maybe("CreateDate", key.creation_ms);
    maybe("LastUsedDate", key.last_used_ms);
    maybe("ExpireDate", key.expires_ms);
    writer.end_object();
}

void print_list(const std::vector<AccessKey>& keys, bool json) {
    if (json) {
        std::string out;
        json::Writer writer(out);
        writer.begin_array();
        for (const AccessKey& key : keys) write_key(writer, key);
        writer.end_array();
        fmt::print("{}\n", out);
        return;
    }
    Table table;
    table.columns = {"key",     "status",    "permissions", "account",
                     "created", "last used", "expires",     "description"};
    for (const AccessKey& key : keys) {
        table.rows.push_back({key.id, status_of(key), key.permissions, key.account,
                              format_iso8601_ms(key.creation_ms),
                              time_or(key.last_used_ms, "never"), time_or(key.expires_ms, "never"),
                              key.description});
    }
    fmt::print("{}", render_table(table, Colour::kOff));
}

void print_key(const AccessKey& key, bool json) {
    if (json) {
        std::string out;
        json::Writer writer(out);
        write_key(writer, key);
        fmt::print("{}\n", out);
        return;
    }
    fmt::print(
        "key          {}\nstatus       {}\npermissions  {}\naccount      {}\n"
        "created      {}\nlast used    {}\nexpires      {}\ndescription  {}\n",
        key.id, status_of(key), key.permissions, key.account, format_iso8601_ms(key.creation_ms),
        time_or(key.last_used_ms, "never"), time_or(key.expires_ms, "never"), key.description);
}

void print_rotated(const KeyFlags& flags, const AccessKey& fresh) {
    print_secret(fresh, flags.json);
    fmt::print(stderr,
               "{0} works on{1}. When nobody uses it any more (`skywatch key show {0}` tells): "
               "skywatch key disable {0}, later skywatch key delete {0}\n",
               flags.id, flags.old_expires ? ", until " + *flags.old_expires + " from now" : "");
}

// In the directory
// -------------------------------------------------------------------------------------------------

// There is no caller to name but the operating system's.
Status put_on_record(const KeyFlags& flags, std::string_view action, const std::string& id,
                     const Status& outcome) {
    const std::string who = "uid " + std::to_string(::getuid()) + " (--data)";
    std::string parameters;
    json::Writer writer(parameters);
    writer.begin_object();
    const auto text = [&](std::string_view name, const std::optional<std::string>& value) {
        if (!value || value->empty()) return;
        writer.key(name);
        writer.string(*value);
    };
    text("AccessKeyId", id);
    text("Description", flags.description);
    text("Permissions", flags.permissions);
    text("ExpireDate", flags.expires);
    text("OldExpireDate", flags.old_expires);
    writer.end_object();
    const std::string action_name = "skywatch:" + std::string(action);
    aws::AuditRecord record;
    record.time_ms = system_clock().now_ms();
    record.caller_arn = who;
    record.action = action_name;
    record.parameters = parameters;
    record.error_type = outcome ? "" : error_code_name(outcome.error().code);
    return admin::api::AuditLog(os::real_fs(), flags.data).append(record);
}

// `change` gets the catalog and returns the key that it made or changed.
int in_directory(const KeyFlags& flags, std::string_view action,
                 const std::function<Result<AccessKey>(store::Catalog&)>& change,
                 const std::function<void(const AccessKey&)>& show) {
    const auto directory = open_directory(flags.data);
    if (!directory) return report(directory.error());
    const Result<AccessKey> done = change(*directory->catalog);
    const Status outcome = done ? Status() : std::unexpected(done.error());
    const Status recorded = put_on_record(flags, action, done ? done->id : flags.id, outcome);
    if (done) show(*done);
    if (!done) return report(done.error());
    if (!recorded) {
        fmt::print(stderr, "skywatch: done, but not written to the audit log: {}\n",
                   recorded.error().message);
        return kExitFailed;
    }
    return kExitOk;
}

// Through a server
// -------------------------------------------------------------------------------------------------

std::string text_member(const json::Value& object, std::string_view name) {
    const auto value = object.find(name);
    return value && value->kind() == json::Kind::kString ? std::string(value->string())
                                                         : std::string();
}

Expiry time_member(const json::Value& object, std::string_view name) {
    const auto value = object.find(name);
    return value && value->kind() == json::Kind::kInt ? Expiry(value->integer()) : std::nullopt;
}

AccessKey read_key(const json::Value& object) {
    AccessKey key;
    key.id = text_member(object, "AccessKeyId");
    key.secret = text_member(object, "SecretAccessKey");
    key.account = text_member(object, "Account");
    key.creation_ms = time_member(object, "CreateDate").value_or(0);
    key.description = text_member(object, "Description");
    key.enabled = text_member(object, "Status") != "Inactive";
    key.expires_ms = time_member(object, "ExpireDate");
    key.last_used_ms = time_member(object, "LastUsedDate");
    const auto words = object.find("Permissions");
    if (words && words->kind() == json::Kind::kArray) {
        for (const json::Value word : words->elements()) {
            if (word.kind() != json::Kind::kString) continue;
            if (!key.permissions.empty()) key.permissions.push_back(' ');
            key.permissions += word.string();
        }
    }
    return key;
}

// `use` gets the answer of a call that succeeded.
int ask_server(const KeyFlags& flags, std::string_view operation, const std::string& body,
               const std::function<void(const json::Value&)>& use) {
    auto client = LogsClient::connect(flags.connection, system_clock());
    if (!client) return report(client.error());
    const auto answer = client->call(operation, body, kAdministration);
    if (!answer) return report(answer.error());
    if (!answer->ok()) return report(*answer, flags.connection);
    use(answer->body.root());
    return kExitOk;
}

struct RequestBody {
    std::string text;
    json::Writer writer{text};

    RequestBody() { writer.begin_object(); }
    void member(std::string_view name, std::string_view value) {
        writer.key(name);
        writer.string(value);
    }
    void member(std::string_view name, std::int64_t value) {
        writer.key(name);
        writer.integer(value);
    }
    void member(std::string_view name, aws::Permissions permissions) {
        writer.key(name);
        writer.begin_array();
        const std::string words = aws::format_permissions(permissions);
        for (std::size_t begin = 0; begin < words.size();) {
            const std::size_t end = std::min(words.find(' ', begin), words.size());
            writer.string(std::string_view(words).substr(begin, end - begin));
            begin = end + 1;
        }
        writer.end_array();
    }
    const std::string& end() {
        writer.end_object();
        return text;
    }
};

// The commands
// -------------------------------------------------------------------------------------------------

const admin::api::Actor kOperator;  // Who has the directory may do everything.

int create(const KeyFlags& flags) {
    const auto permissions = maybe_permissions(flags.permissions);
    if (!permissions) return report(permissions.error());
    const auto expires = maybe_expiry(flags.expires);
    if (!expires) return report(expires.error());
    if (!flags.import_id.empty()) {
        const Status good =
            admin::api::check_pair(flags.import_id, flags.import_secret, flags.allow_short);
        if (!good) return report(good.error());
    }
    if (!flags.data.empty()) {
        admin::api::KeyWish wish;
        wish.account = flags.account;
        if (!flags.import_id.empty()) wish.id = flags.import_id;
        if (!flags.import_secret.empty()) wish.secret = flags.import_secret;
        wish.allow_short = flags.allow_short;
        wish.description = flags.description.value_or("");
        wish.permissions = *permissions;
        wish.expires_ms = expires->value_or(Expiry());
        return in_directory(
            flags, "CreateAccessKey",
            [&](store::Catalog& catalog) {
                return admin::api::create_key(catalog, kOperator, wish, system_clock(),
                                              system_random());
            },
            [&](const AccessKey& key) { print_secret(key, flags.json); });
    }
    RequestBody body;
    if (!flags.import_id.empty()) {
        body.member("AccessKeyId", flags.import_id);
        body.member("SecretAccessKey", flags.import_secret);
    }
    if (flags.allow_short) {
        body.writer.key("AllowShortPair");
        body.writer.boolean(true);
    }
    if (flags.description) body.member("Description", *flags.description);
    if (*permissions) body.member("Permissions", **permissions);
    if (*expires && **expires) body.member("ExpireDate", ***expires);
    return ask_server(flags, "CreateAccessKey", body.end(),
                      [&](const json::Value& made) { print_secret(read_key(made), flags.json); });
}

int list(const KeyFlags& flags) {
    if (!flags.data.empty()) {
        const auto directory = open_directory(flags.data);
        if (!directory) return report(directory.error());
        print_list(directory->catalog->list_keys(), flags.json);
        return kExitOk;
    }
    return ask_server(flags, "ListAccessKeys", "{}", [&](const json::Value& answer) {
        std::vector<AccessKey> keys;
        const auto rows = answer.find("AccessKeys");
        if (rows && rows->kind() == json::Kind::kArray) {
            for (const json::Value row : rows->elements()) keys.push_back(read_key(row));
        }
        print_list(keys, flags.json);
    });
}

// Of an answer that holds the key as its one member.
std::function<void(const json::Value&)> show_member(const KeyFlags& flags) {
    return [&flags](const json::Value& answer) {
        if (const auto key = answer.find("AccessKey")) print_key(read_key(*key), flags.json);
    };
}

int show(const KeyFlags& flags) {
    if (!flags.data.empty()) {
        const auto directory = open_directory(flags.data);
        if (!directory) return report(directory.error());
        const auto key = admin::api::find_key(*directory->catalog, kOperator, flags.id);
        if (!key) return report(key.error());
        print_key(*key, flags.json);
        return kExitOk;
    }
    RequestBody body;
    body.member("AccessKeyId", flags.id);
    return ask_server(flags, "GetAccessKey", body.end(), show_member(flags));
}

int update(const KeyFlags& flags, std::optional<bool> enabled) {
    const auto permissions = maybe_permissions(flags.permissions);
    if (!permissions) return report(permissions.error());
    const auto expires = maybe_expiry(flags.expires);
    if (!expires) return report(expires.error());
    if (!flags.description && !*permissions && !*expires && !enabled) {
        return report(Error{ErrorCode::kInvalidArgument,
                            "Nothing to change: give --permissions, --description or --expires."});
    }
    if (!flags.data.empty()) {
        const admin::api::KeyChange change{flags.description, *permissions, enabled, *expires};
        const char* const action = !enabled   ? "UpdateAccessKey"
                                   : *enabled ? "UpdateAccessKey Active"
                                              : "UpdateAccessKey Inactive";
        return in_directory(
            flags, action,
            [&](store::Catalog& catalog) {
                return admin::api::update_key(catalog, kOperator, flags.id, change, system_clock());
            },
            [&](const AccessKey& key) { print_key(key, flags.json); });
    }
    RequestBody body;
    body.member("AccessKeyId", flags.id);
    if (flags.description) body.member("Description", *flags.description);
    if (*permissions) body.member("Permissions", **permissions);
    if (*expires) body.member("ExpireDate", (*expires)->value_or(0));
    if (enabled) body.member("Status", *enabled ? "Active" : "Inactive");
    return ask_server(flags, "UpdateAccessKey", body.end(), show_member(flags));
}

int rotate(const KeyFlags& flags) {
    const auto old_expires = maybe_expiry(flags.old_expires);
    if (!old_expires) return report(old_expires.error());
    if (!flags.data.empty()) {
        return in_directory(
            flags, "RotateAccessKey",
            [&](store::Catalog& catalog) {
                return admin::api::rotate_key(catalog, kOperator, flags.id,
                                              old_expires->value_or(Expiry()), system_clock(),
                                              system_random());
            },
            [&](const AccessKey& key) { print_rotated(flags, key); });
    }
    RequestBody body;
    body.member("AccessKeyId", flags.id);
    if (*old_expires && **old_expires) body.member("OldExpireDate", ***old_expires);
    return ask_server(flags, "RotateAccessKey", body.end(),
                      [&](const json::Value& made) { print_rotated(flags, read_key(made)); });
}

int remove(const KeyFlags& flags) {
    if (!flags.data.empty()) {
        return in_directory(
            flags, "DeleteAccessKey",
            [&](store::Catalog& catalog) -> Result<AccessKey> {
                AccessKey key = SKY_TRY(admin::api::find_key(catalog, kOperator, flags.id));
                SKY_TRY(admin::api::delete_key(catalog, kOperator, flags.id));
                return key;
            },
            [](const AccessKey&) {});
    }
    RequestBody body;
    body.member("AccessKeyId", flags.id);
    return ask_server(flags, "DeleteAccessKey", body.end(), [](const json::Value&) {});
}

// Flags
// -------------------------------------------------------------------------------------------------

// Not add_connection_flags(): here --access-key is the pair to import, and AWS_* alone sign.
void add_target_flags(CLI::App& command, KeyFlags& flags) {
    command.add_option("--data", flags.data, "Data directory that no server uses at the moment")
        ->type_name("DIR");
    command.add_option("--endpoint", flags.connection.endpoint, "Running server, without --data")
        ->capture_default_str()
        ->type_name("URL");
    command.add_option("--region", flags.connection.region, "Region to sign for")
        ->capture_default_str()
        ->type_name("NAME");
    add_ca_bundle_flag(command, flags.connection.ca_bundle);
    command.add_flag("--json", flags.json, "JSON instead of text");
}

void add_settings_flags(CLI::App& command, KeyFlags& flags, const char* permissions_help) {
    command.add_option("--permissions", flags.permissions, permissions_help)->type_name("LIST");
    command
        .add_option("--description", flags.description, "Where it is used, for those who list keys")
        ->type_name("TEXT");
    command
        .add_option("--expires", flags.expires,
                    "Refused from then on: 90d (from now), 2027-01-31, never")
        ->type_name("TIME");
}

CLI::App* add_command(CLI::App& key, KeyFlags& flags, const char* name, const char* help) {
    CLI::App* const command = key.add_subcommand(name, help);
    add_target_flags(*command, flags);
    return command;
}

CLI::App* add_command_on_id(CLI::App& key, KeyFlags& flags, const char* name, const char* help) {
    CLI::App* const command = add_command(key, flags, name, help);
    command->add_option("id", flags.id, "Access key id")->required()->type_name("ID");
    return command;
}

}  // namespace

void add_key(CLI::App& app, int& exit_code) {
    auto flags = std::make_shared<KeyFlags>();
    read_aws_credentials(flags->connection);
    CLI::App* const key = app.add_subcommand("key", "Make, change, list and delete access keys");
    key->require_subcommand(1);
    key->footer(
        "With --data DIR the directory is changed directly; no server may use it at that time.\n"
        "Without it, a running server is asked; AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY must\n"
        "hold one of its keys with the permission admin, and new keys belong to its account.\n"
        "Permissions: read (events, queries), write (ingest, and groups and streams for it), "
        "admin\n"
        "(deletes, settings, keys), unmask (masked data in clear), all.\n\n"
        "Examples:\n"
        "  skywatch key create --data ~/skywatch\n"
        "  skywatch key create --permissions write --description 'agents' --expires 90d\n"
        "  skywatch key create --access-key AKIDFROMELSEWHERE --secret-key ... --data ~/skywatch\n"
        "  skywatch key create --access-key test --secret-key test --allow-short\n"
        "  skywatch key list\n"
        "  skywatch key rotate AKIAQWERTYUIOPASDFGH --old-expires 1d\n"
        "  skywatch key disable AKIAQWERTYUIOPASDFGH");

    CLI::App* const create_command = add_command(
        *key, *flags, "create", "Make a key, or import a pair; the secret is shown once");
    create_command->add_option("--account", flags->account, "Owner of what the key writes (--data)")
        ->capture_default_str()
        ->type_name("ID");
    add_settings_flags(*create_command, *flags,
                       "read, write, admin, unmask, by commas, or all; those of the key that signs "
                       "if left out, with --data all");
    create_command->add_flag("--allow-short", flags->allow_short,
                             "Import a pair as short as test and test: for this machine alone");
    // Before the import flags: SKYWATCH_ACCESS_KEY names the key that signs, never one to import.
    add_environment(*create_command);
    CLI::Option* const id =
        create_command->add_option("--access-key", flags->import_id, "Import a pair: its id")
            ->type_name("ID");
    CLI::Option* const secret =
        create_command
            ->add_option("--secret-key", flags->import_secret, "Import a pair: its secret")
            ->type_name("SECRET");
    id->needs(secret);
    secret->needs(id);
    create_command->callback([flags, &exit_code] { exit_code = create(*flags); });

    CLI::App* const list_command =
        add_command(*key, *flags, "list", "List keys, without their secrets");
    list_command->callback([flags, &exit_code] { exit_code = list(*flags); });

    CLI::App* const show_command =
        add_command_on_id(*key, *flags, "show", "Show one key, without its secret");
    show_command->callback([flags, &exit_code] { exit_code = show(*flags); });

    CLI::App* const update_command = add_command_on_id(
        *key, *flags, "update", "Change a key's permissions, description or expiry");
    add_settings_flags(*update_command, *flags, "read, write, admin, unmask, by commas, or all");
    update_command->callback([flags, &exit_code] { exit_code = update(*flags, std::nullopt); });

    CLI::App* const disable_command = add_command_on_id(
        *key, *flags, "disable", "Refuse a key and its sessions until it is enabled again");
    disable_command->callback([flags, &exit_code] { exit_code = update(*flags, false); });

    CLI::App* const enable_command =
        add_command_on_id(*key, *flags, "enable", "Accept a disabled key again");
    enable_command->callback([flags, &exit_code] { exit_code = update(*flags, true); });

    CLI::App* const rotate_command = add_command_on_id(
        *key, *flags, "rotate", "Make a second key with the same settings; the first works on");
    rotate_command
        ->add_option("--old-expires", flags->old_expires,
                     "When the first key ends: 1d (from now), 2027-01-31")
        ->type_name("TIME");
    rotate_command->callback([flags, &exit_code] { exit_code = rotate(*flags); });

    CLI::App* const delete_command = add_command_on_id(
        *key, *flags, "delete", "Delete a key; requests signed with it are refused at once");
    delete_command->callback([flags, &exit_code] { exit_code = remove(*flags); });

    for (CLI::App* const command : {list_command, show_command, update_command, disable_command,
                                    enable_command, rotate_command, delete_command}) {
        add_environment(*command);
    }
}

}  // namespace sky::cli
