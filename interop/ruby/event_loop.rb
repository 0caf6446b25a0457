# The event loop that libvirt's Ruby binding asks its application for: descriptors and timers, served one round at a time.
require 'libvirt'

class EventLoop
  READABLE = Libvirt::EVENT_HANDLE_READABLE
  WRITABLE = Libvirt::EVENT_HANDLE_WRITABLE

  Handle = Struct.new(:fd, :events, :opaque)
  Timer = Struct.new(:interval, :due, :opaque)

  def initialize
    @last = 0
    @handles = {}
    @timers = {}
  end

  # Must be called before a connection is opened.
  def register
    # The binding keeps no reference to them that the collector would see.
    @callbacks = [
      ->(fd, events, opaque) { add(@handles, Handle.new(fd, events, opaque)) },
      ->(id, events) { @handles[id].events = events if @handles[id] },
      ->(id) { @handles.delete(id)&.opaque },
      ->(interval, opaque) { add(@timers, Timer.new(interval, due(interval), opaque)) },
      ->(id, interval) { @timers[id] = Timer.new(interval, due(interval), @timers[id].opaque) if @timers[id] },
      ->(id) { @timers.delete(id)&.opaque }
    ]
    Libvirt.event_register_impl(*@callbacks)
  end

  # Waits for what comes first, a tenth of a second at most, and calls back.
  def run_once
    readers = @handles.select { |_, handle| handle.events & READABLE != 0 }
    writers = @handles.select { |_, handle| handle.events & WRITABLE != 0 }
    wait = (@timers.values.map(&:due).compact.map { |at| [at - now, 0].max } << 0.1).min
    readable, writable = IO.select(ios(readers), ios(writers), nil, wait)
    readers.each { |id, handle| call_handle(id, handle, READABLE) if readable&.any? { |io| io.fileno == handle.fd } }
    writers.each { |id, handle| call_handle(id, handle, WRITABLE) if writable&.any? { |io| io.fileno == handle.fd } }
    @timers.to_a.each do |id, timer|
      next unless timer.due && timer.due <= now && @timers[id].equal?(timer)

      timer.due = due(timer.interval)
      Libvirt.event_invoke_timeout_callback(id, timer.opaque)
    end
  end

  private

  def add(table, entry)
    table[@last += 1] = entry
    @last
  end

  def ios(handles) = handles.values.map { |handle| IO.for_fd(handle.fd, autoclose: false) }

  def call_handle(id, handle, event)
    Libvirt.event_invoke_handle_callback(id, handle.fd, event, handle.opaque) if @handles[id].equal?(handle)
  end

  def now = Process.clock_gettime(Process::CLOCK_MONOTONIC)

  # When a timer of so many milliseconds runs out; nil for a negative number, which switches it off.
  def due(interval) = interval.negative? ? nil : now + interval / 1000.0
end
