# SPDX-License-Identifier: Apache-2.0
# frozen_string_literal: true

require "action_dispatch"
require_relative "../skywatch_profiler"

module SkywatchProfiler
  # Names the view of a request that Rails routed: the route's name, with that of the engine above it ("admin:users"). A route
  # without a name has that of another one with the same path, as PATCH /users/:id shares "user", else its path.
  module RailsRoutes

    def find_routes(req, &block)
      return super(req) { |match, parameters, route| keep(req, route) { block.call(match, parameters, route) } } if block

      Recording.new(super, ->(route, &work) { keep(req, route, &work) })
    end

    private

    # The block leaves by a return of the router when the route served; it comes back when the route passed the request on.
    def keep(req, route)
      kept = req.env[Middleware::Rails::ROUTES] ||= []
      entry = [view_of_route(route), route]
      kept << entry
      yield
      kept.pop(kept.size - kept.rindex(entry))
    end

    def view_of_route(route)
      return route.name.to_s if route.name

      size, names = @skywatch_names
      if size != routes.size # Routes may be loaded again.
        names = routes.select(&:name).each_with_object({}) { |named, all| all[named.path.spec.to_s] ||= named.name.to_s }
        @skywatch_names = [routes.size, names]
      end
      spec = route.path.spec.to_s
      names[spec] || spec.delete_suffix("(.:format)")
    end

    # What find_routes returns to a router that loops over it.
    class Recording
      def initialize(found, keep)
        @found = found
        @keep = keep
      end

      def each
        @found.each { |match, parameters, route| @keep.call(route) { yield match, parameters, route } }
      end

      def respond_to_missing?(name, all = false)
        @found.respond_to?(name, all)
      end

      def method_missing(name, ...)
        @found.public_send(name, ...)
      end
    end
  end

  ActionDispatch::Journey::Router.prepend(RailsRoutes)

  if defined?(::Rails::Railtie)
    # Puts the middleware first: config.skywatch_profiler = { format: "extended" } in the application.
    class Railtie < ::Rails::Railtie
      config.skywatch_profiler = {}

      initializer "skywatch_profiler" do |app|
        options = { log: ->(line) { ::Rails.logger.info(line) } }.merge(app.config.skywatch_profiler)
        app.middleware.insert_before(0, SkywatchProfiler::Middleware, **options)
      end
    end
  end
end
