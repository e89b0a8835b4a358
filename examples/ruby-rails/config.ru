# SPDX-License-Identifier: Apache-2.0
# frozen_string_literal: true

# A small shop on Rails, ActiveRecord and SQLite in one file, whose endpoints are measured. Its lines go to skywatch.
#
#   SKYWATCH_LOG_GROUP   the log group (default shop)
#   SKYWATCH_ENDPOINT    http://127.0.0.1:4580; without it the lines go to the Rails logger
#   PROFILER_OPTIONS     {"format": "extended"}
#   AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_REGION as every AWS client reads them

require "erb"
require "json"
require "logger"
require "socket"
require "tmpdir"
require "action_controller/railtie"
require "active_record"
require "skywatch_profiler/rails"
require "skywatch_profiler/sender"

# What the partner that /rates asks takes to answer: it is what the endpoint's time shows.
PARTNER_S = 0.4

partner = TCPServer.new("127.0.0.1", 0)
PARTNER = URI("http://127.0.0.1:#{partner.addr[1]}/")
Thread.new do
  loop do
    Thread.new(partner.accept) do |socket|
      nil while socket.gets.to_s.strip.length.positive?
      sleep(PARTNER_S)
      socket.write("HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: close\r\n\r\n1.1")
      socket.close
    end
  end
end

FOLDER = Dir.mktmpdir("shop-")
at_exit { FileUtils.rm_rf(FOLDER) }
# One connection, open before the first request: opening one asks a query of its own, which that request would count.
ActiveRecord::Base.establish_connection(adapter: "sqlite3", database: "#{FOLDER}/shop.sqlite", pool: 1, checkout_timeout: 30)

class Item < ActiveRecord::Base
  has_many :orders
end

class Order < ActiveRecord::Base
end

ActiveRecord::Schema.verbose = false
ActiveRecord::Schema.define do
  create_table(:items) { |t| t.string :name }
  create_table(:orders) { |t| t.integer :item_id }
end
20.times { |n| Item.create!(id: n + 1, name: "item #{n}") }
ActiveRecord::Base.clear_active_connections!

OPTIONS = { format: "extended" }.merge(JSON.parse(ENV.fetch("PROFILER_OPTIONS", "{}"), symbolize_names: true))
if ENV["SKYWATCH_ENDPOINT"]
  require "skywatch_profiler/logs_client" # Debian has no gem of CloudWatch Logs.
  client = SkywatchProfiler::LogsClient.new(endpoint: ENV["SKYWATCH_ENDPOINT"])
  OPTIONS[:log] = SkywatchProfiler::Sender.new(group: ENV.fetch("SKYWATCH_LOG_GROUP", "shop"), client: client).method(:log)
end

class Shop < Rails::Application
  config.root = FOLDER
  config.eager_load = false
  config.logger = Logger.new($stdout, level: Logger::FATAL)
  config.secret_key_base = SecureRandom.hex(32) # No sessions and no signed values: a new key at each start costs nothing.
  config.hosts.clear
  config.consider_all_requests_local = false
  config.skywatch_profiler = OPTIONS

  routes.append do
    get "/items/:n", to: "shop#item", as: :item
    post "/items/:n", to: "shop#order"
    get "/rates/:n", to: "shop#rates", as: :rates
    get "/export", to: "shop#export", as: :export
    get "/latest", to: redirect("/items/1", status: 302), as: :latest
    get "/failing", to: "shop#failing", as: :failing
  end
end

class ShopController < ActionController::API
  after_action { ActiveRecord::Base.clear_active_connections! }

  # Two queries.
  def item
    found = Item.find(params[:n].to_i % 20 + 1)
    render json: { name: found.name, orders: found.orders.count }
  end

  # Two queries.
  def order
    item = Item.find(params[:n].to_i % 20 + 1)
    Order.connection.execute("INSERT INTO orders (item_id) VALUES (#{item.id})")
    head :created
  end

  def rates
    render plain: Net::HTTP.get(PARTNER)
  end

  def export
    self.response_body = Array.new(3) { "x" * 1000 }.each
  end

  def failing
    raise "an endpoint that fails"
  end
end

Shop.initialize!
run Shop
