using System.Diagnostics;
using System.Text;

namespace Libvirtd.Interop.Processes;

/// <summary>A program that runs beside the test, whose output can be waited for.</summary>
internal sealed class RunningProcess : IAsyncDisposable
{
    private readonly Process _process;
    private readonly StringBuilder _output = new();
    private readonly Task _reader;
    private TaskCompletionSource _grown = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private RunningProcess(Process process)
    {
        _process = process;
        _reader = ReadAsync();
    }

    /// <summary>All that the program has written so far.</summary>
    public string Output
    {
        get
        {
            lock (_output) return _output.ToString();
        }
    }

    public static RunningProcess Start(string program, IEnumerable<string> arguments, string folder)
    {
        string[] command = Upstream.Command([program, .. arguments]);
        ProcessStartInfo start = ProcessRunner.Merged(command[0], command[1..], folder);
        start.RedirectStandardInput = true;
        start.RedirectStandardOutput = true;
        start.StandardOutputEncoding = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false);
        start.StandardInputEncoding = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false);
        return new RunningProcess(Process.Start(start) ?? throw new InvalidOperationException($"{program} did not start"));
    }

    public async Task WriteAsync(string input, CancellationToken stop)
    {
        try
        {
            await _process.StandardInput.WriteAsync(input.AsMemory(), stop);
            await _process.StandardInput.FlushAsync(stop);
        }
        catch (IOException)
        {
            // The program ended early; its output tells why.
        }
    }

    public void CloseInput()
    {
        try
        {
            _process.StandardInput.Close();
        }
        catch (IOException)
        {
            // As above.
        }
    }

    /// <summary>Waits until the output holds <paramref name="text"/>.</summary>
    /// <exception cref="TimeoutException">It did not within 20 seconds, or the program ended without writing it.</exception>
    public async Task WaitForAsync(string text, CancellationToken stop)
    {
        TimeSpan limit = TimeSpan.FromSeconds(20);
        Stopwatch waited = Stopwatch.StartNew();
        while (true)
        {
            Task grown;
            lock (_output) grown = _grown.Task;
            bool ended = _reader.IsCompleted;
            if (Output.Contains(text, StringComparison.Ordinal)) return;
            TimeSpan left = limit - waited.Elapsed;
            if (ended || left <= TimeSpan.Zero) throw new TimeoutException($"\"{text}\" did not come in:\n{Output}");
            await Task.WhenAny(grown, _reader, Task.Delay(left, stop));
            stop.ThrowIfCancellationRequested();
        }
    }

    /// <summary>Waits for the program's end.</summary>
    /// <exception cref="TimeoutException">It was killed after <paramref name="limit"/>.</exception>
    public async Task<Finished> WaitAsync(TimeSpan limit, CancellationToken stop)
    {
        try
        {
            await _process.WaitForExitAsync(stop).WaitAsync(limit, stop);
        }
        catch (TimeoutException)
        {
            _process.Kill(entireProcessTree: true);
            throw new TimeoutException($"{_process.StartInfo.ArgumentList[^1]}: still ran after {limit.TotalSeconds} s; it wrote:\n{Output}");
        }

        await _reader;
        return new Finished(_process.ExitCode, Output);
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited) _process.Kill(entireProcessTree: true);
        await _reader;
        _process.Dispose();
    }

    private async Task ReadAsync()
    {
        char[] buffer = new char[16384];
        int read;
        while ((read = await _process.StandardOutput.ReadAsync(buffer)) > 0)
        {
            TaskCompletionSource grown;
            lock (_output)
            {
                _output.Append(buffer, 0, read);
                grown = _grown;
                _grown = new(TaskCreationOptions.RunContinuationsAsynchronously);
            }

            grown.SetResult();
        }
    }
}
