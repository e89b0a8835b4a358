// SPDX-License-Identifier: Apache-2.0
// `skywatch key`: on a data directory that no server holds, or through a running server.
#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "admin/api/operations.h"
#include "base/time.h"
#include "cli/commands.h"
#include "cli/flags.h"
#include "cli/logs_client.h"
#include "json/writer.h"
#include "os/fs.h"
#include "store/sqlite_catalog.h"

namespace sky::cli {
namespace {

struct KeyFlags {
    ConnectionFlags connection;
    std::string data, account = "123456789012";
    std::string import_id, import_secret, id;
    bool json = false;
};

struct ShownKey {
    std::string id, secret, account;
    std::int64_t creation_ms;
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

// The rules of admin/api/model.json, and no slash or blank: an id stands in credential scopes.
Status check_import(const KeyFlags& flags) {
    const auto is_word = [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
               c == '_';
    };
    const auto is_visible = [](char c) { return c > ' ' && c <= '~'; };
    const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
    const std::string &id = flags.import_id, &secret = flags.import_secret;
    if (id.size() < 16 || id.size() > 128 || !std::ranges::all_of(id, is_word)) {
        return fail(ErrorCode::kInvalidArgument,
                    "An access key id has 16 to 128 letters, digits or '_'.");
    }
    if (secret.size() < 16 || secret.size() > 256 || !std::ranges::all_of(secret, is_visible)) {
        return fail(ErrorCode::kInvalidArgument,
                    "A secret key has 16 to 256 visible ASCII characters.");
    }
    if (flags.account.size() != 12 || !std::ranges::all_of(flags.account, is_digit)) {
        return fail(ErrorCode::kInvalidArgument, "An account id has 12 digits.");
    }
    return {};
}

void print_created(const ShownKey& key, bool json) {
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

void print_list(const std::vector<ShownKey>& keys, bool json) {
    if (!json) {
        for (const ShownKey& key : keys) {
            fmt::print("{}  {}  {}\n", key.id, key.account, format_iso8601_ms(key.creation_ms));
        }
        return;
    }
    std::string out;
    json::Writer writer(out);
    writer.begin_array();
    for (const ShownKey& key : keys) {
        writer.begin_object();
        writer.key("AccessKeyId");
        writer.string(key.id);
        writer.key("Account");
        writer.string(key.account);
        writer.key("CreateDate");
        writer.integer(key.creation_ms);
        writer.end_object();
    }
    writer.end_array();
    fmt::print("{}\n", out);
}

Status create_in(const KeyFlags& flags) {
    const OpenDirectory directory = SKY_TRY(open_directory(flags.data));
    store::AccessKey key =
        admin::api::make_access_key(flags.account, system_clock(), system_random());
    if (!flags.import_id.empty()) {
        key.id = flags.import_id;
        key.secret = flags.import_secret;
        if (directory.catalog->find_key(key.id)) {
            return fail(ErrorCode::kAlreadyExists, "The access key already exists: " + key.id);
        }
    }
    SKY_TRY(directory.catalog->put_key(key));
    print_created({key.id, key.secret, key.account, key.creation_ms}, flags.json);
    return {};
}

Status list_in(const KeyFlags& flags) {
    const OpenDirectory directory = SKY_TRY(open_directory(flags.data));
    std::vector<ShownKey> keys;
    for (const auto& key : directory.catalog->list_keys()) {
        keys.push_back({key.id, {}, key.account, key.creation_ms});
    }
    print_list(keys, flags.json);
    return {};
}

Status delete_in(const KeyFlags& flags) {
    const OpenDirectory directory = SKY_TRY(open_directory(flags.data));
    if (!directory.catalog->find_key(flags.id)) {
        return fail(ErrorCode::kNotFound, "No such access key: " + flags.id);
    }
    return directory.catalog->delete_key(flags.id);
}

std::string text_member(const json::Value& object, std::string_view name) {
    const auto value = object.find(name);
    return value && value->kind() == json::Kind::kString ? std::string(value->string())
                                                         : std::string();
}

ShownKey shown(const json::Value& object) {
    const auto created = object.find("CreateDate");
    return {text_member(object, "AccessKeyId"), text_member(object, "SecretAccessKey"),
            text_member(object, "Account"),
            created && created->kind() == json::Kind::kInt ? created->integer() : 0};
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

int create(const KeyFlags& flags) {
    if (!flags.import_id.empty()) {
        if (const Status status = check_import(flags); !status) return report(status.error());
    }
    if (!flags.data.empty()) {
        const Status done = create_in(flags);
        return done ? kExitOk : report(done.error());
    }
    std::string body;
    json::Writer writer(body);
    writer.begin_object();
    if (!flags.import_id.empty()) {
        writer.key("AccessKeyId");
        writer.string(flags.import_id);
        writer.key("SecretAccessKey");
        writer.string(flags.import_secret);
    }
    writer.end_object();
    return ask_server(flags, "CreateAccessKey", body,
                      [&](const json::Value& made) { print_created(shown(made), flags.json); });
}

int list(const KeyFlags& flags) {
    if (!flags.data.empty()) {
        const Status done = list_in(flags);
        return done ? kExitOk : report(done.error());
    }
    return ask_server(flags, "ListAccessKeys", "{}", [&](const json::Value& answer) {
        std::vector<ShownKey> keys;
        const auto rows = answer.find("AccessKeys");
        if (rows && rows->kind() == json::Kind::kArray) {
            for (const json::Value row : rows->elements()) keys.push_back(shown(row));
        }
        print_list(keys, flags.json);
    });
}

int remove(const KeyFlags& flags) {
    if (!flags.data.empty()) {
        const Status done = delete_in(flags);
        return done ? kExitOk : report(done.error());
    }
    std::string body;
    json::Writer writer(body);
    writer.begin_object();
    writer.key("AccessKeyId");
    writer.string(flags.id);
    writer.end_object();
    return ask_server(flags, "DeleteAccessKey", body, [](const json::Value&) {});
}

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
    command.add_flag("--json", flags.json, "JSON instead of text");
}

}  // namespace

void add_key(CLI::App& app, int& exit_code) {
    auto flags = std::make_shared<KeyFlags>();
    read_aws_credentials(flags->connection);
    CLI::App* const key = app.add_subcommand("key", "Make, list and delete access keys");
    key->require_subcommand(1);
    key->footer(
        "With --data DIR the directory is changed directly; no server may use it at that time.\n"
        "Without it, a running server is asked; AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY must\n"
        "hold one of its keys, and new keys belong to that key's account.\n\n"
        "Examples:\n"
        "  skywatch key create --data ~/skywatch\n"
        "  skywatch key create --data ~/skywatch --json\n"
        "  skywatch key create --access-key AKIDFROMELSEWHERE --secret-key ... --data ~/skywatch\n"
        "  skywatch key list\n"
        "  skywatch key delete AKIAQWERTYUIOPASDFGH");

    CLI::App* const create_command =
        key->add_subcommand("create", "Make a key, or import a pair; the secret is shown once");
    add_target_flags(*create_command, *flags);
    create_command->add_option("--account", flags->account, "Owner of what the key writes (--data)")
        ->capture_default_str()
        ->type_name("ID");
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

    CLI::App* const list_command = key->add_subcommand("list", "List keys, without their secrets");
    add_target_flags(*list_command, *flags);
    list_command->callback([flags, &exit_code] { exit_code = list(*flags); });

    CLI::App* const delete_command =
        key->add_subcommand("delete", "Delete a key; requests signed with it are refused at once");
    add_target_flags(*delete_command, *flags);
    delete_command->add_option("id", flags->id, "Access key id")->required()->type_name("ID");
    delete_command->callback([flags, &exit_code] { exit_code = remove(*flags); });

    add_environment(*list_command);
    add_environment(*delete_command);
}

}  // namespace sky::cli
